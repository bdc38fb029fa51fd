# clientcore: client analytics inside PostgreSQL
#
# `make help` lists what a person needs.

EXTENSION = clientcore
EXTVERSION = 1.1
MODULE_big = clientcore

# The install script, assembled in this order.
SQL_FILES = \
	sql/00_schema.sql \
	sql/10_history.sql \
	sql/20_access.sql \
	sql/30_classes.sql \
	sql/40_aggregates.sql \
	sql/50_values.sql \
	sql/55_calibration.sql \
	sql/56_models.sql \
	sql/57_figures.sql \
	sql/58_uplift.sql \
	sql/59_charts.sql \
	sql/60_operations.sql \
	sql/61_layout.sql \
	sql/61_care_layout.sql \
	sql/61_campaign_layout.sql \
	sql/62_distribution.sql \
	sql/62_sources.sql \
	sql/63_capture.sql \
	sql/64_refresh.sql \
	sql/64_care.sql \
	sql/64_campaigns.sql \
	sql/65_models.sql \
	sql/65_breadth.sql \
	sql/65_cards.sql \
	sql/66_words.sql \
	sql/66_views.sql \
	sql/66_care_views.sql \
	sql/66_breadth_views.sql \
	sql/66_campaign_views.sql \
	sql/66_report_words.sql \
	sql/67_rules.sql \
	sql/67_care.sql \
	sql/67_campaigns.sql \
	sql/67_report.sql \
	sql/67_model_tests.sql \
	sql/68_base.sql \
	sql/69_procedures.sql \
	sql/69_care_procedures.sql \
	sql/69_campaign_procedures.sql \
	sql/69_report_procedures.sql
# The versions that can be upgraded, each with a file sql/upgrade/from_VERSION.sql.
UPGRADES_FROM = 1.0
WHOLE_SCRIPT = $(EXTENSION)--$(EXTVERSION).sql
UPGRADE_SCRIPTS = $(UPGRADES_FROM:%=$(EXTENSION)--%--$(EXTVERSION).sql)
DATA_built = $(WHOLE_SCRIPT) $(UPGRADE_SCRIPTS)

SOURCES = $(wildcard src/*.c)
OBJS = $(SOURCES:.c=.o)

# pg_regress: test/sql/NAME.sql against expected/NAME.out.
REGRESS = history access errors classes values bases
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)

# -ffp-contract=off: the same results on every machine, with and without
# fused multiply-add.
# -Wno-unused-parameter: PostgreSQL's inline functions (bufpage.h, ilist.h) and
# every function declared with PG_FUNCTION_ARGS have unused parameters.
# C11 suffices; the headers of 19 want the standard that the compiler prefers.
PG_CFLAGS = $(if $(filter 15 16 17 18,$(MAJORVERSION)),-std=gnu11) -Wall -Wextra -Wmissing-prototypes -Wno-unused-parameter -ffp-contract=off

PG_CPPFLAGS = -DCLIENTCORE_VERSION='"$(EXTVERSION)"'

PG_CONFIG ?= pg_config

# What demo is told reaches it as it was typed: make expands no $ in it.
DEMO_OPTIONS = SALES CLIENT SOLD_AT AMOUNT PROFIT FILTER TIME_ZONE DATE_ORDER
define take_literally
ifdef $(1)
override $(1) := $$(value $(1))
export $(1)
endif
endef
$(foreach option,$(DEMO_OPTIONS),$(eval $(call take_literally,$(option))))
export PG_CONFIG

# Commands that must work before PostgreSQL is there (and `check`, which PGXS
# defines in its own way) stand outside PGXS.
HOUSE_GOALS = help setup check check-sanitized check-valgrind check-versions check-faults check-bi check-package coverage fuzz demo bench dist release
ifneq ($(filter $(HOUSE_GOALS) print-%,$(MAKECMDGOALS)),)

.PHONY: $(filter-out print-%,$(MAKECMDGOALS))

help:
	@echo 'make demo             what clientcore tells of three years of generated trade'
	@echo "make demo SALES=file.csv CLIENT=customerid SOLD_AT=invoicedate AMOUNT='quantity * unitprice'"
	@echo '                      the same of your own sales; make demo SALES=file.csv lists its columns'
	@echo '                      also PROFIT=, FILTER= (SQL expressions), TIME_ZONE=, DATE_ORDER=dmy|mdy'
	@echo 'make check            every test, in a throw-away cluster'
	@echo 'make check-sanitized  the same under the address and undefined-behaviour sanitizers'
	@echo 'make check-valgrind   the tests of the C code in a server under valgrind'
	@echo 'make check-versions   the tests with the PostgreSQL of other releases of Debian, as root'
	@echo 'make check-faults     a hundred crashes under load, ten thousand statements of sqlsmith'
	@echo 'make check-package    Debian packages: built, installed, tested, removed; as root'
	@echo 'make check-bi         reports and dashboards in a browser and in BI tools, a BI server among them'
	@echo 'make coverage         how much of the C code the tests run'
	@echo 'make fuzz             fuzzers of what reads bytes, texts, amounts and models; FUZZ_SECONDS=600 each'
	@echo 'make bench            how fast it is, beside plain SQL and DuckDB; into doc/benchmarks.md'
	@echo '                      SCALE=small (some minutes), full (20 million sales), growth, day (of a shop), large'
	@echo 'make dist             the archive for PGXN, of what is committed'
	@echo 'make release          that, once versions, upgrades and notes agree'
	@echo 'make setup            install the Debian packages that building and testing need'
	@echo 'make                  build for the PostgreSQL of PG_CONFIG ($(PG_CONFIG))'
	@echo 'make install          install it there; then CREATE EXTENSION clientcore'
	@echo 'make installcheck     pg_regress against a running server'
	@echo 'make clean            remove what was built'

setup:
	@test/bin/setup

check:
	@test/bin/check

check-sanitized:
	@SANITIZE=1 test/bin/check

# What is slow by nature (millions of rows, dozens of bases) is left out.
check-valgrind:
	@VALGRIND=1 CHECK_PGTAP='laws_text laws_merge laws_subtract laws_days laws_ladder calendar numbers arguments model_arguments hostile_calls capture parallel' test/bin/check pgtap

check-versions:
	@test/bin/check-versions

check-faults:
	@test/bin/check crashes sqlsmith

coverage:
	@test/bin/coverage

check-bi:
	@test/bin/check look bi bi-server

check-package:
	@test/bin/check-package

fuzz:
	@test/bin/fuzz

demo:
	@test/bin/demo

bench:
	@test/bin/bench $(SCALE)

# The version of a release: that of the extension, and a number for what changes no SQL.
DISTVERSION = $(shell sed -n 's/^    "version": "\(.*\)",$$/\1/p' META.json)

dist:
	@git archive --format=zip --prefix=$(EXTENSION)-$(DISTVERSION)/ -o $(EXTENSION)-$(DISTVERSION).zip HEAD
	@echo $(EXTENSION)-$(DISTVERSION).zip

release:
	@test/bin/release

# For the scripts: the value of a variable of this file.
print-%:
	@echo '$($*)'

# Goals of PGXS that were asked for in the same breath.
$(filter-out $(HOUSE_GOALS) print-%,$(MAKECMDGOALS)):
	$(MAKE) $@

else

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(PGXS)),)
$(error $(PG_CONFIG) finds no PostgreSQL to build for: run "make setup", or name one with PG_CONFIG=/path/to/pg_config)
endif

# What was built is removed by `make clean`; build/flags is explained below.
EXTRA_CLEAN = build
include $(PGXS)

# clang: PostgreSQL's flags and headers were configured for gcc (options that
# clang does not know, the format attribute gnu_printf).
ifneq ($(findstring clang,$(shell $(CC) --version 2>/dev/null)),)
override CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument -Wno-ignored-attributes
endif
override BITCODE_CFLAGS += -ffp-contract=off

$(WHOLE_SCRIPT): $(SQL_FILES) Makefile
	cat $(SQL_FILES) > $@.tmp && mv $@.tmp $@

$(UPGRADE_SCRIPTS): $(EXTENSION)--%--$(EXTVERSION).sql: sql/upgrade/from_%.sql sql/upgrade/again.awk $(SQL_FILES) Makefile
	{ cat $< && cat $(SQL_FILES) | LC_ALL=C awk -f sql/upgrade/again.awk; } > $@.tmp && mv $@.tmp $@

# Objects follow the headers, and the compiler, flags and PostgreSQL they were
# built with: build/flags changes only when one of these does.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h) build/flags

BUILT_WITH = $(CC) $(CFLAGS) $(CPPFLAGS) $(VERSION)
build/flags: FORCE
	@mkdir -p build
	@printf '%s\n' '$(subst ','\'',$(BUILT_WITH))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(BUILT_WITH))' > $@

.PHONY: FORCE
FORCE:

endif
