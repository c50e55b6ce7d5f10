if PLUGIN_ECHO
plugin_LTLIBRARIES += plugins/echo/echo.la
plugins_echo_echo_la_SOURCES = plugins/echo/echo.c
plugins_echo_echo_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
plugins_echo_echo_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
plugin_manuals += plugins/echo/pawl-plugin-echo.7
endif
