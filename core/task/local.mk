# The sources of this layer.

pawlcore_sources += core/task/engine.c core/task/engine.h core/task/resident.c core/task/resident.h
pawlcore_sources += core/task/loader.c core/task/dispatch.c core/task/slots.c core/task/slots.h
pawlcore_sources += core/task/token.c core/task/token.h core/task/plugin_host.h
