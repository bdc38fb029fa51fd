/*
 * class_functions.h
 *		Classes of a stored history, for scalar functions and aggregates.
 */
#ifndef CLIENTCORE_CLASS_FUNCTIONS_H
#define CLIENTCORE_CLASS_FUNCTIONS_H

#include "compat.h"

#include "classes.h"
#include "history.h"

extern const XyzRule default_xyz_rule;
extern const XyzRule default_variation_rule;
extern const LadderRule default_ladder_rule;
extern const LostRule default_lost_rule;

extern XyzRule xyz_rule_arguments(FunctionCallInfo fcinfo, int argno,
								  bool by_variation);
extern LadderRule ladder_rule_arguments(FunctionCallInfo fcinfo, int argno);
extern LostRule lost_rule_arguments(FunctionCallInfo fcinfo, int argno);
extern AliveRule alive_rule_arguments(FunctionCallInfo fcinfo, int argno);

extern char xyz_class_of(const HistoryHeader *header, int32 as_of,
						 const XyzRule *rule);
extern LoyaltyStage loyalty_stage_of(const HistoryHeader *header, int32 as_of,
									 bool has_contact,
									 const LadderRule *ladder,
									 const LostRule *lost);
extern bool is_lost(const HistoryHeader *header, int32 as_of,
					const LostRule *rule, int64 *lost_on);

extern Datum xyz_class_datum(FunctionCallInfo fcinfo, char xyz);
extern Datum loyalty_stage_datum(FunctionCallInfo fcinfo, LoyaltyStage stage);

#endif
