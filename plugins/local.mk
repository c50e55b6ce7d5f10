# plugins - loadable modules, installed in $(pkglibdir)/plugins.
#
# A plugin NAME is plugins/NAME/NAME.c and its plugins/NAME/local.mk:
#
#	if PLUGIN_NAME
#	plugin_LTLIBRARIES += plugins/NAME/NAME.la
#	plugins_NAME_NAME_la_SOURCES = plugins/NAME/NAME.c $(common_text)
#	plugins_NAME_NAME_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(LIBCURL_CFLAGS)
#	plugins_NAME_NAME_la_LDFLAGS = $(PLUGIN_LINKFLAGS)
#	plugins_NAME_NAME_la_LIBADD = $(LIBCURL_LIBS)
#	plugin_manuals += plugins/NAME/pawl-plugin-NAME.7
#	plugin_tests += plugins/NAME/test_NAME
#	plugins_NAME_test_NAME_CPPFLAGS = $(PLUGIN_CPPFLAGS)
#	endif
#
# plus one line here and one PAWL_PLUGIN line in configure.ac. It sees
# <pawl/plugin.h>, what it lists of plugins/common, and nothing else of pawl. The
# build tree has a link to each module, plugins/NAME.so: plugins/ is the plugin_dir
# to run pawld from there.

PLUGIN_CPPFLAGS = -D_GNU_SOURCE -I$(top_builddir)/include -I$(top_srcdir)/plugins/common
PLUGIN_LINKFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^pawl_plugin$$'

plugindir = $(pkglibdir)/plugins
plugin_LTLIBRARIES =
plugin_manuals =
plugin_tests =
plugin_generated =

include plugins/common/local.mk
include plugins/aws/local.mk
include plugins/database/local.mk
include plugins/approval/local.mk
include plugins/echo/local.mk
include plugins/http/local.mk
include plugins/lambda/local.mk
include plugins/notify/local.mk
include plugins/queue/local.mk

# The SQL of a plugin as C: NAME_gen.h is made of NAME.sql beside it.
$(plugin_generated): plugins/%_gen.h: plugins/%.sql $(SQLGEN)
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(SQLGEN) queries $< >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += $(plugin_generated)
CLEANFILES += $(plugin_generated)

plugins/links: $(plugin_LTLIBRARIES)
	$(AM_V_GEN)for module in $(plugin_LTLIBRARIES:.la=); do \
		name=$${module##*/}; ln -sf $$name/.libs/$$name.so plugins/$$name.so || exit 1; \
	done && touch $@

all-local: plugins/links
CLEANFILES += plugins/links plugins/*.so

dist_man_MANS += $(plugin_manuals)
EXTRA_DIST += $(plugin_manuals)
