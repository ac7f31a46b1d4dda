# SPDX-License-Identifier: MIT
# A make starts other makes that share its job slots: some wait for a slot in a pipe of which all hold both ends.
all: a b c
a b c:
	+$(MAKE) -s -f $(firstword $(MAKEFILE_LIST)) of-$@
of-%: %-1 %-2
	@true
%-1 %-2:
	@sleep 1
