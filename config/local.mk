# config - what packagers and administrators install.

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = config/pawl.pc

# the sample; an administrator copies it to $(sysconfdir)/pawl/pawl.conf
dist_doc_DATA = config/pawl.conf

config/pawl.service: config/pawl.service.in Makefile
	@$(MKDIR_P) config
	$(AM_V_GEN)$(SED) -e 's|@sbindir[@]|$(sbindir)|' -e 's|@sysconfdir[@]|$(sysconfdir)|' $(srcdir)/config/pawl.service.in >$@

if SYSTEMD_UNIT
systemdsystemunit_DATA = config/pawl.service
endif

CLEANFILES += config/pawl.service
EXTRA_DIST += config/pawl.service.in config/Containerfile config/container.conf config/debian .ci/run scripts/ci scripts/apigen
