# docs - manual pages, texts and examples.

dist_man_MANS = docs/pawl.1 docs/pawld.8 docs/pawl.conf.5
dist_man_MANS += docs/pawl-lua.7 docs/pawl-plugin.7 docs/pawl-sql.7
dist_doc_DATA += README.md docs/write-a-plugin.md docs/architecture.md docs/CHANGES.md docs/performance.md

exampledir = $(docdir)/examples/account-opening
dist_example_DATA = \
	docs/examples/account-opening/README.md \
	docs/examples/account-opening/account-opening.asl.json
dist_example_SCRIPTS = \
	docs/examples/account-opening/run \
	docs/examples/account-opening/services.py
# Hooks to begin with.
examplehooksdir = $(docdir)/examples/hooks
dist_examplehooks_DATA = scripts/hooks/audit.lua scripts/hooks/guard.lua
# Modules for expressions and functions: lib_dir.
lualibdir = $(pkgdatadir)/lib
dist_lualib_DATA = scripts/lib/dates.lua scripts/lib/list.lua scripts/lib/money.lua \
	scripts/lib/text.lua
examplefunctionsdir = $(exampledir)/scripts/functions
dist_examplefunctions_DATA = docs/examples/account-opening/scripts/functions/score.lua
