# The sources of the command line, pawl.

pawl_cli_sources += core/cli/cli.c core/cli/cli.h core/cli/client.c core/cli/client.h
pawl_cli_sources += core/cli/event_line.c core/cli/event_line.h
pawl_cli_sources += core/cli/visible.c core/cli/visible.h

# a definition as it was written, and what is wrong with it
pawl_cli_sources += core/cli/outline.c core/cli/outline.h core/cli/source.c core/cli/source.h
pawl_cli_sources += core/cli/source_jsonc.c core/cli/source_yaml.c
pawl_cli_sources += core/cli/yaml_scalar.c core/cli/yaml_scalar.h
pawl_cli_sources += core/cli/excerpt.c core/cli/excerpt.h core/cli/problems.c core/cli/problems.h

pawl_cli_sources += core/cli/cmd_validate.c core/cli/cmd_run.c core/cli/cmd_execution.c core/cli/cmd_history.c
pawl_cli_sources += core/cli/cmd_limits.c core/cli/cmd_nodes.c core/cli/cmd_plugins.c core/cli/cmd_task.c core/cli/cmd_activity.c
