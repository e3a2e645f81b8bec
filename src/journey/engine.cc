#include "src/journey/engine.h"
