/*
 * scope - what an expression sees when it is evaluated: here, its random numbers.
 */
#include "expr/scope.h"

uint64_t
expr_random_next(struct expr_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}
