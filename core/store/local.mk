# core/store: PostgreSQL
pawlcore_sources += \
	core/store/catalogue.c core/store/catalogue.h \
	core/store/commit.h \
	core/store/laptop.c core/store/laptop.h \
	core/store/machine_cache.c core/store/machine_cache.h \
	core/store/member.c core/store/member.h \
	core/store/param.c core/store/param.h \
	core/store/parts.h \
	core/store/pg.c core/store/pg.h \
	core/store/place.c core/store/place.h \
	core/store/pool.c \
	core/store/query.c core/store/query.h \
	core/store/read.c core/store/read.h \
	core/store/resolve.c core/store/resolve.h \
	core/store/retention.c core/store/retention.h \
	core/store/schema.c \
	core/store/secret.c core/store/secret.h \
	core/store/setting.c core/store/setting.h \
	core/store/signal.c core/store/signal.h \
	core/store/store.c core/store/store.h \
	core/store/unit.c core/store/unit.h \
	core/store/writer.c \
	core/store/line.c core/store/line.h
