# docs - manual pages, texts and examples.

dist_man_MANS = docs/pawl.1 docs/pawld.8 docs/pawl.conf.5
dist_man_MANS += docs/pawl-lua.7 docs/pawl-plugin.7 docs/pawl-sql.7
EXTRA_DIST += docs/internals/http.md docs/internals/lua.md
dist_doc_DATA += README.md docs/write-a-plugin.md docs/architecture.md docs/CHANGES.md docs/performance.md docs/scaling.md

examplesdir = $(docdir)/examples
dist_examples_DATA = docs/examples/example.py
exampledir = $(examplesdir)/account-opening
dist_example_DATA = \
	docs/examples/account-opening/README.md \
	docs/examples/account-opening/account-opening.asl.json
dist_example_SCRIPTS = \
	docs/examples/account-opening/run \
	docs/examples/account-opening/services.py
invoicedir = $(examplesdir)/invoice-approval
dist_invoice_DATA = \
	docs/examples/invoice-approval/README.md \
	docs/examples/invoice-approval/invoice-approval.asl.json \
	docs/examples/invoice-approval/papers.py \
	docs/examples/invoice-approval/pawl.conf \
	docs/examples/invoice-approval/proof.py \
	docs/examples/invoice-approval/suppliers.json \
	docs/examples/invoice-approval/tables.sql
dist_invoice_SCRIPTS = \
	docs/examples/invoice-approval/people.py \
	docs/examples/invoice-approval/run \
	docs/examples/invoice-approval/services.py
invoicefunctionsdir = $(invoicedir)/scripts/functions
dist_invoicefunctions_DATA = docs/examples/invoice-approval/scripts/functions/fields.lua
invoicelibdir = $(invoicedir)/scripts/lib
dist_invoicelib_DATA = docs/examples/invoice-approval/scripts/lib/rules.lua
invoicecommandsdir = $(invoicedir)/scripts/commands
dist_invoicecommands_SCRIPTS = docs/examples/invoice-approval/scripts/commands/archive.py
# Hooks to begin with.
examplehooksdir = $(docdir)/examples/hooks
dist_examplehooks_DATA = scripts/hooks/audit.lua scripts/hooks/guard.lua
# Modules for expressions and functions: lib_dir.
lualibdir = $(pkgdatadir)/lib
dist_lualib_DATA = scripts/lib/dates.lua scripts/lib/list.lua scripts/lib/money.lua \
	scripts/lib/text.lua
examplefunctionsdir = $(exampledir)/scripts/functions
dist_examplefunctions_DATA = docs/examples/account-opening/scripts/functions/score.lua
