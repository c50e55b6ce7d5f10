# core/engine: the pure interpreter
pawlcore_sources += \
	core/engine/context.c core/engine/context.h \
	core/engine/dataflow.c core/engine/dataflow.h \
	core/engine/due.c core/engine/due.h \
	core/engine/dump.c \
	core/engine/event.c core/engine/event.h \
	core/engine/fan.c \
	core/engine/frame.c core/engine/frame.h \
	core/engine/history.c core/engine/history.h \
	core/engine/leave.c \
	core/engine/load.c \
	core/engine/move.h \
	core/engine/record.c core/engine/record.h \
	core/engine/retry.c \
	core/engine/run.c core/engine/run.h \
	core/engine/st_choice.c \
	core/engine/st_end.c \
	core/engine/st_map.c \
	core/engine/st_parallel.c \
	core/engine/st_pass.c \
	core/engine/st_task.c \
	core/engine/st_wait.c
