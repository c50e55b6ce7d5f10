# The sources of the command line, pawl.

pawl_cli_sources += core/cli/cli.c core/cli/cli.h core/cli/client.c core/cli/client.h
pawl_cli_sources += core/cli/event_line.c core/cli/event_line.h
pawl_cli_sources += core/cli/cmd_validate.c core/cli/cmd_run.c core/cli/cmd_execution.c core/cli/cmd_history.c
