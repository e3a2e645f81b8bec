#include "src/journey/user.h"
