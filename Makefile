# A thin front for cmake and the scripts in tools/.
#
#   make            build/blindfit and build/blindfit-server; FEATURES=OFF
#                   leaves out pictures and backbones
#   make demo       everything from images to accuracy, in about a minute
#   make demo-fashion   the same with 60,000 images (two to three minutes)
#   make demo-many  one upload of rows, three trainings (a minute or two)
#   make demo-owners    three owners with a third of the digits each, then images
#                       and their labels at two owners (a minute)
#   make check      installs what tests need; warnings as errors, all tests,
#                   sanitizers
#   make bench      every benchmark, as tables
#   make fuzz       each decoder, SECONDS=30 at a time (clang)
#   make install    PREFIX=/usr/local DESTDIR=
BUILD = build
FEATURES = ON
PREFIX = /usr/local
JOBS := $(shell nproc)
SECONDS = 30
# By the environment, so that the shell takes any name for one word.
export PREFIX DESTDIR

all: $(BUILD)/CMakeCache.txt
	@grep -q 'BLINDFIT_FEATURES:BOOL=$(FEATURES)$$' $< || \
	  cmake $(BUILD) -DBLINDFIT_FEATURES=$(FEATURES) >/dev/null
	@cmake --build $(BUILD) -j $(JOBS)

$(BUILD)/CMakeCache.txt:
	@tools/install-deps --check \
	  build$(if $(filter OFF,$(FEATURES)),-without-features)
	@cmake -S . -B $(BUILD) -DBLINDFIT_TESTS=OFF -DBLINDFIT_BENCH=OFF \
	  -DBLINDFIT_FEATURES=$(FEATURES) \
	  -DCMAKE_INSTALL_PREFIX="$$PREFIX" >$(BUILD)-configure.log || \
	  { cat $(BUILD)-configure.log; exit 1; }
	@mv $(BUILD)-configure.log $(BUILD)/configure.log

demo demo-fashion demo-many demo-owners:
	@tools/install-deps $@
	@$(MAKE) --no-print-directory all
	@tools/$@ $(BUILD)

check:
	@tools/install-deps check
	@tools/check

bench:
	@tools/install-deps --check bench
	@tools/bench

fuzz:
	@tools/install-deps --check fuzz
	@tools/fuzz $(SECONDS)

install: all
	@cmake --install "$(BUILD)" --prefix "$$PREFIX"

clean:
	rm -rf $(BUILD) demo-out demo-out-fashion demo-out-many demo-out-owners

.PHONY: all demo demo-fashion demo-many demo-owners check bench fuzz install clean
