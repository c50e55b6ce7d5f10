# plugins/common - small files that several plugins compile in; like them they see
# <pawl/plugin.h> and nothing else of pawl. A plugin lists what it uses.

common_text = plugins/common/text.c plugins/common/text.h
common_docs = plugins/common/docs.c plugins/common/docs.h
common_sweep = plugins/common/sweep.c plugins/common/sweep.h
# envelope and awswire need text and docs as well
common_envelope = plugins/common/envelope.c plugins/common/envelope.h
common_awswire = plugins/common/awswire.c plugins/common/awswire.h \
	plugins/common/awswire_form.c plugins/common/awswire_form.h
