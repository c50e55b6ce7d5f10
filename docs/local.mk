# docs - manual pages and texts.

dist_man_MANS = docs/pawld.8 docs/pawl.conf.5
dist_doc_DATA += README.md docs/architecture.md docs/CHANGES.md
dist_man_MANS += docs/pawl.1
