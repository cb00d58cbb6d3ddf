"""``python -m goodinit`` is the command ``goodinit``."""

import sys

from goodinit._command import main

sys.exit(main())
