# The sources of this layer.

pawlcore_sources += core/task/engine.c core/task/engine.h core/task/resident.c core/task/resident.h
pawlcore_sources += core/task/loader.c core/task/dispatch.c core/task/slots.c core/task/slots.h
pawlcore_sources += core/task/answer.c
pawlcore_sources += core/task/token.c core/task/token.h core/task/plugin_host.h

pawlcore_sources += core/task/command.c core/task/command.h core/task/launch.c core/task/launch.h
pawlcore_sources += core/task/httpc.c
pawlcore_sources += core/task/httpc.h
pawlcore_sources += core/task/mail.c core/task/mail.h core/task/mail_text.c core/task/mail_text.h
pawlcore_sources += core/task/plugin_command.c
pawlcore_sources += core/task/plugin_host.c
pawlcore_sources += core/task/plugin_mail.c
pawlcore_sources += core/task/plugin_module.h
pawlcore_sources += core/task/plugin_options.c
pawlcore_sources += core/task/plugin_self.c
pawlcore_sources += core/task/plugin_serve.c
pawlcore_sources += core/task/plugin_serve.h
pawlcore_sources += core/task/plugin_table.c
pawlcore_sources += core/task/plugin_watch.c
pawlcore_sources += core/task/script.c
pawlcore_sources += core/task/script.h
pawlcore_sources += core/task/script_file.c
pawlcore_sources += core/task/script_file.h
pawlcore_sources += core/task/script_world.c
pawlcore_sources += core/task/worker.c
pawlcore_sources += core/task/worker.h
pawlcore_sources += core/task/worker_frame.c
pawlcore_sources += core/task/worker_frame.h
