/*
 * expression.h
 *		Expressions that users write over the columns of a relation.
 */
#ifndef CLIENTCORE_EXPRESSION_H
#define CLIENTCORE_EXPRESSION_H

#include "compat.h"

#include "nodes/primnodes.h"
#include "utils/relcache.h"

/* The relation is number 1 of the range: its row is the scan tuple */
extern Node *expression_parse(Relation relation, const char *alias,
							  const char *argument, const char *text,
							  bool is_condition);
extern bool expression_is_harmless(Node *node);

#endif
