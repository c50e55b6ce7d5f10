# core - the layers in one library, the command line in another, and the programs that are linked with it.
#
# Each layer lists its own files in core/LAYER/local.mk; the order here is the
# order of the layers: an include points to its own folder or to one above it
# in this list (scripts/check-layers).

pawlcore_sources =
pawl_cli_sources =

include core/base/local.mk
include core/doc/local.mk
include core/expr/local.mk
include core/asl/local.mk
include core/engine/local.mk
include core/store/local.mk
include core/task/local.mk
include core/api/local.mk
include core/cli/local.mk

noinst_LTLIBRARIES += libpawlcore.la
libpawlcore_la_SOURCES = $(pawlcore_sources)
nodist_libpawlcore_la_SOURCES = core/store/queries_gen.h core/store/schema_gen.h
libpawlcore_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden

sbin_PROGRAMS = pawld
pawld_SOURCES = core/pawld.c
pawld_LDADD = libpawlcore.la $(PAWL_LIBS)

# The command line alone reads YAML.
noinst_LTLIBRARIES += libpawlcli.la
libpawlcli_la_SOURCES = $(pawl_cli_sources)
libpawlcli_la_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
pawl_cli_libs = libpawlcli.la libpawlcore.la $(PAWL_LIBS) $(YAML_LIBS)

bin_PROGRAMS = pawl
pawl_SOURCES = core/pawl.c
pawl_LDADD = $(pawl_cli_libs)

libexec_PROGRAMS = pawl-function pawl-mail
pawl_function_SOURCES = core/task/function_main.c
pawl_function_LDADD = libpawlcore.la $(PAWL_LIBS)
pawl_mail_SOURCES = core/task/mail_main.c
pawl_mail_LDADD = libpawlcore.la $(PAWL_LIBS)

# The one public header, where plugins of this tree find it as <pawl/plugin.h> too.
pkginclude_HEADERS = core/task/plugin.h

include/pawl/plugin.h: core/task/plugin.h
	@$(MKDIR_P) include/pawl
	$(AM_V_GEN)cp $< $@

BUILT_SOURCES += include/pawl/plugin.h
CLEANFILES += include/pawl/plugin.h
