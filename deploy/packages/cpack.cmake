# What CPack makes the Debian package of: the tree that deploy/packages/build has laid out.
#   FOOTHOLD_TREE=<dir> FOOTHOLD_VERSION=<version> cpack --config deploy/packages/cpack.cmake
foreach(given FOOTHOLD_TREE FOOTHOLD_VERSION)
  if(NOT DEFINED ENV{${given}})
    message(FATAL_ERROR "${given} is missing: run deploy/packages/build")
  endif()
endforeach()
set(debian ${CMAKE_CURRENT_LIST_DIR}/debian)

set(CPACK_GENERATOR DEB)
set(CPACK_CMAKE_GENERATOR Ninja)
set(CPACK_PACKAGE_NAME foothold)
set(CPACK_PACKAGE_VERSION $ENV{FOOTHOLD_VERSION})
set(CPACK_PACKAGE_FILE_NAME foothold)
set(CPACK_INSTALLED_DIRECTORIES $ENV{FOOTHOLD_TREE} /)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_SET_DESTDIR OFF)
set(CPACK_VERBATIM_VARIABLES TRUE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Foothold <foothold@localhost>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_PACKAGE_VENDOR Foothold)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "stream processor for activation, risk and interventions")
set(CPACK_PACKAGE_DESCRIPTION ${CPACK_PACKAGE_DESCRIPTION_SUMMARY})
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Reads a product's events from Kafka and tells, as they happen, which users and
customer accounts have got a foothold in the product, which are slipping, and
what to do about it. Exactly once, from the source's offset to the decision.")
# Libraries by what the binary asks for; adduser for postinst, tzdata for quiet hours.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "kcat, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
