# core/base: what every layer stands on
pawlcore_sources += \
	core/base/arena.c core/base/arena.h \
	core/base/buf.c core/base/buf.h \
	core/base/clock.c core/base/clock.h \
	core/base/err.c core/base/err.h \
	core/base/failpoint.c core/base/failpoint.h \
	core/base/id.c core/base/id.h \
	core/base/log.c core/base/log.h \
	core/base/names.c core/base/names.h \
	core/base/similar.c core/base/similar.h \
	core/base/stat.c core/base/stat.h \
	core/base/xalloc.c core/base/xalloc.h

# the event loop and what waits on it
pawlcore_sources += core/base/loop.c core/base/loop.h core/base/flow.c core/base/flow.h

# the configuration
pawlcore_sources += core/base/options.c core/base/options.h core/base/conf.c core/base/conf.h
pawlcore_sources += core/base/board.c core/base/board.h
pawlcore_sources += core/base/bucket.c core/base/bucket.h
pawlcore_sources += core/base/idmap.c core/base/idmap.h core/base/slab.c core/base/slab.h
pawlcore_sources += core/base/memory.c core/base/memory.h
