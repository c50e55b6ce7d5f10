# core/doc: documents
pawlcore_sources += \
	core/doc/block.h \
	core/doc/doc.c core/doc/doc.h \
	core/doc/doc_derive.c \
	core/doc/doc_equal.c \
	core/doc/doc_parse.c \
	core/doc/doc_print.c \
	core/doc/key_table.c \
	core/doc/num.c core/doc/num.h
