# The sources of this layer.

pawlcore_sources += \
	core/expr/ident.c core/expr/ident.h \
	core/expr/intrinsic.c core/expr/intrinsic.h \
	core/expr/intrinsic_fn.c core/expr/intrinsic_fn.h \
	core/expr/javatext.c core/expr/javatext.h \
	core/expr/jsonpath.c core/expr/jsonpath.h \
	core/expr/path.h \
	core/expr/path_eval.c \
	core/expr/path_filter.c \
	core/expr/path_function.c \
	core/expr/path_parse.c \
	core/expr/regex.c core/expr/regex.h \
	core/expr/scope.c core/expr/scope.h \
	core/expr/template.c core/expr/template.h

pawlcore_sources += core/expr/bound.h
pawlcore_sources += core/expr/expression.c
pawlcore_sources += core/expr/expression.h
pawlcore_sources += core/expr/luabox.c
pawlcore_sources += core/expr/luabox.h
pawlcore_sources += core/expr/luacode.c
pawlcore_sources += core/expr/luacode.h
pawlcore_sources += core/expr/luadoc.c
pawlcore_sources += core/expr/luadoc.h
pawlcore_sources += core/expr/lualib.c
pawlcore_sources += core/expr/lualib.h
pawlcore_sources += core/expr/lualib_string.c
pawlcore_sources += core/expr/lualib_table.c
pawlcore_sources += core/expr/luapattern.c
pawlcore_sources += core/expr/luapattern.h
pawlcore_sources += core/expr/luasource.c
pawlcore_sources += core/expr/luasource.h
