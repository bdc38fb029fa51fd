/*
 * operation.h
 *		What is done with a client base, done as its owner.
 */
#ifndef CLIENTCORE_OPERATION_H
#define CLIENTCORE_OPERATION_H

#include "compat.h"

/* Whom to be again, and at which nesting level of settings */
typedef struct Actor
{
	Oid user;
	int context;
	int nest_level; /* 0 where settings were left alone */
} Actor;

extern void act_as(Oid owner, bool with_settings, Actor *previous);
extern void act_again_as(const Actor *previous);

#endif
