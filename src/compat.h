/*
 * compat.h
 *		Differences between server versions, all of them.
 */
#ifndef CLIENTCORE_COMPAT_H
#define CLIENTCORE_COMPAT_H

#include "postgres.h"

#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "clientcore needs PostgreSQL 15 or later"
#endif

#ifndef HAVE_INT128
#error "clientcore needs a compiler with 128-bit integers"
#endif

/* 15.0 knows InitMaterializedSRF() by its former name only */
#include "funcapi.h"
#if PG_VERSION_NUM < 160000
#define InitMaterializedSRF SetSingleFuncCall
#endif

/* From 16 on: varlena macros in a header of their own, soft input errors */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "varatt.h"
#else
#define ereturn(context, value, ...)                                          \
	do                                                                        \
	{                                                                         \
		(void) (context);                                                     \
		ereport(ERROR, __VA_ARGS__);                                          \
		return value; /* not reached */                                       \
	} while (0)
#endif

/* From 18 on a module can name itself */
#if PG_VERSION_NUM >= 180000
#define CLIENTCORE_MODULE_MAGIC                                               \
	PG_MODULE_MAGIC_EXT(.name = "clientcore", .version = "1.0")
#else
#define CLIENTCORE_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif
