#include "src/journey/clock.h"
