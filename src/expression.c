/*
 * expression.c
 *		Expressions that users write over the columns of a relation.
 *
 * What is attached to a base is given as expressions.  They are read once,
 * under the search path of whoever attaches, and kept as text in which every
 * name that is not PostgreSQL's own is qualified, as pg_dump keeps a view; so
 * it means the same ever after, under a search path that nobody can plant
 * anything into, and a column can still be altered, which a view would
 * forbid.
 */
#include "expression.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#if PG_VERSION_NUM >= 180000
#include "rewrite/rewriteHandler.h"
#endif

PG_FUNCTION_INFO_V1(parse_expression);

static void
report_not_an_expression(void)
{
	ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
					errmsg("a column or one expression is expected")));
}

/* All columns, which only a list of targets may mean: *, orders.* */
static bool
is_star(Node *node)
{
	return IsA(node, ColumnRef) &&
		   IsA(llast(((ColumnRef *) node)->fields), A_Star);
}

/* The one expression that a text consists of, as the grammar sees it */
static Node *
read_expression(const char *text)
{
	List *statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select;
	ResTarget *target;

	if (list_length(statements) != 1)
		report_not_an_expression();
	select = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(select, SelectStmt) || select->op != SETOP_NONE ||
		list_length(select->targetList) != 1 ||
		select->distinctClause != NIL || select->intoClause != NULL ||
		select->fromClause != NIL || select->whereClause != NULL ||
		select->groupClause != NIL || select->havingClause != NULL ||
		select->windowClause != NIL || select->valuesLists != NIL ||
		select->sortClause != NIL || select->limitOffset != NULL ||
		select->limitCount != NULL || select->lockingClause != NIL ||
		select->withClause != NULL)
		report_not_an_expression();
	target = linitial_node(ResTarget, select->targetList);
	if (target->name != NULL || target->indirection != NIL ||
		is_star(target->val))
		report_not_an_expression();
	return target->val;
}

static void
check_one_value(ParseState *pstate)
{
	if (pstate->p_hasAggs || pstate->p_hasWindowFuncs)
		ereport(ERROR,
				(errcode(ERRCODE_GROUPING_ERROR),
				 errmsg("aggregate and window functions are not allowed")));
	if (pstate->p_hasTargetSRFs)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("set-returning functions are not allowed")));
}

static void
check_no_system_column(Node *node)
{
	ListCell *cell;

	foreach (cell, pull_vars_of_level(node, 0))
	{
		if (((Var *) lfirst(cell))->varattno < 0)
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("system columns are not allowed")));
	}
}

static Node *
analyze(ParseState *pstate, const char *text, bool is_condition)
{
	Node *node = read_expression(text);

	node = transformExpr(pstate, node,
						 is_condition ? EXPR_KIND_WHERE
									  : EXPR_KIND_SELECT_TARGET);
	check_one_value(pstate);
	if (is_condition)
		node = coerce_to_boolean(pstate, node, "the condition");
	else if (exprType(node) == UNKNOWNOID)
		node = coerce_type(pstate, node, UNKNOWNOID, TEXTOID, -1,
						   COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
	assign_expr_collations(pstate, node);
	check_no_system_column(node);
	return node;
}

/*
 * Say which argument an error is about.  The place it points to is in the
 * argument, not in the statement.
 */
static void
rethrow_naming(const char *argument, const char *text, MemoryContext context)
{
	ErrorData *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) !=
		ERRCODE_OPERATOR_INTERVENTION)
	{
		error->message = psprintf("%s: %s", argument, error->message);
		/* the place may be in this text, or by now in the caller's */
		if (error->cursorpos > 0 || error->internalpos > 0)
		{
			if (error->cursorpos > 0)
				error->internalpos = error->cursorpos;
			error->internalquery = pstrdup(text);
			error->cursorpos = 0;
		}
	}
	ReThrowError(error);
}

Node *
expression_parse(Relation relation, const char *alias, const char *argument,
				 const char *text, bool is_condition)
{
	MemoryContext context = CurrentMemoryContext;
	ParseState *pstate = make_parsestate(NULL);
	Node *volatile node = NULL;
	ParseNamespaceItem *item;

	pstate->p_sourcetext = text;
	item = addRangeTableEntryForRelation(pstate, relation, AccessShareLock,
										 makeAlias(alias, NIL), false, true);
	addNSItemToQuery(pstate, item, true, true, true);
	PG_TRY();
	{
		node = analyze(pstate, text, is_condition);
	}
	PG_CATCH();
	{
		rethrow_naming(argument, text, context);
	}
	PG_END_TRY();
#if PG_VERSION_NUM >= 180000
	/* virtual generated columns are nowhere stored */
	node = expand_generated_columns_in_expr(node, relation, 1);
#endif
	free_parsestate(pstate);
	return node;
}

/* Under the search path of operations, names of others are qualified */
static char *
deparse(Node *node, Relation relation, const char *alias)
{
	List *context = deparse_context_for(alias, RelationGetRelid(relation));

	return deparse_expression(node, context, false, false);
}

/*
 * The same tree with defaults of arguments filled in and simple functions
 * inlined, so that their true marks are seen, as for an index.
 */
static Node *
as_planned(Node *node)
{
	if (checkExprHasSubLink(node))
		return node;
	return (Node *) expression_planner((Expr *) copyObject(node));
}

static int
compare_attnums(const void *left, const void *right)
{
	return *(const int16 *) left - *(const int16 *) right;
}

static bool
reads_whole_row(Node *node)
{
	ListCell *cell;

	foreach (cell, pull_vars_of_level(node, 0))
	{
		if (((Var *) lfirst(cell))->varattno == 0)
			return true;
	}
	return false;
}

/* Numbers of the columns that an expression reads, each once, in order */
static ArrayType *
columns_read(Node *node, Relation relation)
{
	TupleDesc tuple_desc = RelationGetDescr(relation);
	List *vars = pull_vars_of_level(node, 0);
	int16 *numbers = palloc((list_length(vars) + 1) * (tuple_desc->natts + 1) *
							sizeof(int16));
	Datum *datums;
	int count = 0;
	int distinct = 0;
	ListCell *cell;

	foreach (cell, vars)
	{
		AttrNumber number = ((Var *) lfirst(cell))->varattno;

		if (number > 0)
			numbers[count++] = number;
		for (int i = 0; number == 0 && i < tuple_desc->natts; i++)
		{
			if (!TupleDescAttr(tuple_desc, i)->attisdropped)
				numbers[count++] = i + 1;
		}
	}
	qsort(numbers, count, sizeof(int16), compare_attnums);
	datums = palloc((count + 1) * sizeof(Datum));
	for (int i = 0; i < count; i++)
	{
		if (i == 0 || numbers[i] != numbers[i - 1])
			datums[distinct++] = Int16GetDatum(numbers[i]);
	}
	return construct_array(datums, distinct, INT2OID, sizeof(int16), true,
						   TYPALIGN_SHORT);
}

static bool
note_user_function(Oid function, void *context)
{
	List **functions = context;

	if (function >= FirstNormalObjectId)
		*functions = list_append_unique_oid(*functions, function);
	return false;
}

static bool
note_user_functions(Node *node, void *context)
{
	if (node == NULL)
		return false;
	(void) check_functions_in_node(node, note_user_function, context);
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, note_user_functions, context,
								 0);
	return expression_tree_walker(node, note_user_functions, context);
}

/* The functions of users that an expression calls by itself */
static ArrayType *
functions_called(Node *node)
{
	List *functions = NIL;
	Datum *datums;
	int count = 0;
	ListCell *cell;

	(void) note_user_functions(node, &functions);
	datums = palloc((list_length(functions) + 1) * sizeof(Datum));
	foreach (cell, functions)
		datums[count++] = ObjectIdGetDatum(lfirst_oid(cell));
	return construct_array(datums, count, OIDOID, sizeof(Oid), true,
						   TYPALIGN_INT);
}

/*
 * A type as it can stand in a statement, and as format_type() prints it under
 * the search path of operations: without a length, never implying one.
 */
static char *
type_text(Oid type)
{
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	int flags = FORMAT_TYPE_TYPEMOD_GIVEN;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	if (((Form_pg_type) GETSTRUCT(tuple))->typnamespace !=
		PG_CATALOG_NAMESPACE)
		flags |= FORMAT_TYPE_FORCE_QUALIFY;
	ReleaseSysCache(tuple);
	return format_type_extended(type, -1, flags);
}

/*
 * parse_expression(relation oid, alias text, argument text, expression text,
 * is_condition boolean, path text): one row that tells of it.
 *
 * Unqualified names are looked up in path.  The argument is what errors call
 * the expression.
 */
Datum
parse_expression(PG_FUNCTION_ARGS)
{
	Oid relid = PG_GETARG_OID(0);
	char *alias = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char *argument = text_to_cstring(PG_GETARG_TEXT_PP(2));
	char *source = text_to_cstring(PG_GETARG_TEXT_PP(3));
	bool is_condition = PG_GETARG_BOOL(4);
	char *path = text_to_cstring(PG_GETARG_TEXT_PP(5));
	Relation relation = try_relation_open(relid, AccessShareLock);
	TupleDesc tuple_desc;
	Datum values[10];
	bool nulls[10] = {false};
	Node *node;
	Node *planned;
	Oid type;
	Oid collation;
	int nest_level;

	if (get_call_result_type(fcinfo, NULL, &tuple_desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (relation == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation with OID %u does not exist", relid)));

	nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", path, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	node = expression_parse(relation, alias, argument, source, is_condition);
	AtEOXact_GUC(false, nest_level);

	planned = as_planned(node);
	type = exprType(node);
	collation = exprCollation(node);
	values[0] = CStringGetTextDatum(deparse(node, relation, alias));
	values[1] = CStringGetTextDatum(type_text(type));
	values[2] = ObjectIdGetDatum(getBaseType(type));
	values[3] = Int32GetDatum(exprTypmod(node));
	values[4] = ObjectIdGetDatum(collation);
	nulls[4] = !OidIsValid(collation);
	values[5] = PointerGetDatum(columns_read(node, relation));
	values[6] = CStringGetTextDatum(
		contain_volatile_functions(planned)  ? "volatile"
		: contain_mutable_functions(planned) ? "stable"
											 : "immutable");
	values[7] = BoolGetDatum(checkExprHasSubLink(node));
	values[8] = BoolGetDatum(reads_whole_row(node));
	values[9] = PointerGetDatum(functions_called(node));
	relation_close(relation, NoLock);

	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(tuple_desc), values, nulls)));
}

/*
 * Whether a type is one of PostgreSQL's own whose functions heed no setting
 * and call no code of users.
 */
static bool
is_plain_type(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case UUIDOID:
		case INTERVALOID:
			return true;
		default:
			return false;
	}
}

static bool
is_user_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

static bool
find_harm(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CaseTestExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
			break;
		case T_List:
			return expression_tree_walker(node, find_harm, context);
		default:
			return true;
	}
	if (!IsA(node, CaseWhen) && !is_plain_type(exprType(node)))
		return true;
	if (check_functions_in_node(node, is_user_function, NULL))
		return true;
	return expression_tree_walker(node, find_harm, context);
}

/*
 * Whether an expression can be evaluated by anyone, under any settings: it
 * calls nothing but PostgreSQL's own functions over plain values.  That it is
 * immutable is the caller's to know.
 */
bool
expression_is_harmless(Node *node)
{
	return !find_harm(node, NULL);
}
