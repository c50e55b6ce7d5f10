# The sources of this layer.

pawlcore_sources += \
	core/api/act.h \
	core/api/act_activity.c \
	core/api/act_execution.c \
	core/api/act_history.c \
	core/api/act_machine.c \
	core/api/act_sts.c \
	core/api/act_tag.c \
	core/api/act_task.c \
	core/api/action.c \
	core/api/api.c \
	core/api/api.h \
	core/api/authorize.c \
	core/api/authorize.h \
	core/api/call.c \
	core/api/call.h \
	core/api/fetch.c \
	core/api/fetch.h \
	core/api/form.c \
	core/api/form.h \
	core/api/http.c \
	core/api/http.h \
	core/api/http_conn.h \
	core/api/http_parse.c \
	core/api/model.c \
	core/api/model.h \
	core/api/model_gen.c \
	core/api/name_list.c \
	core/api/name_list.h \
	core/api/peer.c \
	core/api/peer.h \
	core/api/page.c \
	core/api/page.h \
	core/api/reply.c \
	core/api/reply.h \
	core/api/served.c \
	core/api/served.h \
	core/api/settings.c \
	core/api/settings.h \
	core/api/sigv4.c \
	core/api/sigv4.h \
	core/api/validate.c \
	core/api/validate.h \
	core/api/variables.c \
	core/api/variables.h
