/*
 * model_data - services.txt as bytes of the plugin.
 */
#include "model.h"

#ifndef AWS_SERVICES_FILE /* the build says where it is */
#define AWS_SERVICES_FILE "plugins/aws/services.txt"
#endif

__asm__(".pushsection .rodata\n"
	"aws_model_begin:\n"
	".incbin \"" AWS_SERVICES_FILE "\"\n"
	"aws_model_end:\n"
	".byte 0\n"
	".popsection\n");

extern const char aws_model_begin[] __attribute__((visibility("hidden")));
extern const char aws_model_end[] __attribute__((visibility("hidden")));

const char *
aws_model_text(size_t *len)
{
	*len = (size_t)(aws_model_end - aws_model_begin);
	return aws_model_begin;
}
