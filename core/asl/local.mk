# The sources of this layer.

pawlcore_sources += \
	core/asl/check_expressions.c \
	core/asl/check_flow.c \
	core/asl/check_integration.c \
	core/asl/check_warnings.c \
	core/asl/choice.c \
	core/asl/compile.c core/asl/compile.h \
	core/asl/compile_assign.c core/asl/compile_limit.c \
	core/asl/compile_choice.c \
	core/asl/compile_container.c \
	core/asl/compile_distributed.c \
	core/asl/compile_map.c \
	core/asl/compile_reader.c \
	core/asl/compile_retry.c \
	core/asl/compile_state.c \
	core/asl/compile_task.c \
	core/asl/compiler.c core/asl/compiler.h \
	core/asl/diagnostic.c core/asl/diagnostic.h \
	core/asl/fields.c \
	core/asl/instant.c \
	core/asl/machine.c core/asl/machine.h \
	core/asl/names.c \
	core/asl/task_resource.c
