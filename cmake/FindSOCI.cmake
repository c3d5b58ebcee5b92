# SOCI 4 of Debian ships no CMake package. Targets: SOCI::soci, SOCI::sqlite3, SOCI::postgresql (with the client libraries they stand on).
find_path(SOCI_INCLUDE_DIR soci/soci.h)
find_library(SOCI_LIBRARY soci_core)
find_library(SOCI_SQLITE3_LIBRARY soci_sqlite3)
find_library(SOCI_POSTGRESQL_LIBRARY soci_postgresql)
find_package(SQLite3 QUIET)
find_path(SOCI_PQ_INCLUDE_DIR libpq-fe.h PATH_SUFFIXES postgresql) # CMake's own module asks for the server's headers too
find_library(SOCI_PQ_LIBRARY pq)
if(SOCI_INCLUDE_DIR)
  file(STRINGS ${SOCI_INCLUDE_DIR}/soci/version.h _soci_version REGEX "define SOCI_LIB_VERSION \"")
  string(REGEX REPLACE ".*\"([0-9]+)_([0-9]+)_?([0-9]*)\".*" "\\1.\\2.\\3" SOCI_VERSION "${_soci_version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SOCI
  REQUIRED_VARS SOCI_LIBRARY SOCI_INCLUDE_DIR SOCI_SQLITE3_LIBRARY SOCI_POSTGRESQL_LIBRARY SQLite3_FOUND SOCI_PQ_LIBRARY SOCI_PQ_INCLUDE_DIR
  VERSION_VAR SOCI_VERSION
  REASON_FAILURE_MESSAGE "install libsoci-dev libsqlite3-dev libpq-dev")

if(SOCI_FOUND AND NOT TARGET SOCI::soci)
  foreach(part soci sqlite3 postgresql)
    add_library(SOCI::${part} UNKNOWN IMPORTED)
    set_target_properties(SOCI::${part} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${SOCI_INCLUDE_DIR})
  endforeach()
  set_target_properties(SOCI::soci PROPERTIES IMPORTED_LOCATION ${SOCI_LIBRARY})
  set_target_properties(SOCI::sqlite3 PROPERTIES IMPORTED_LOCATION ${SOCI_SQLITE3_LIBRARY} INTERFACE_LINK_LIBRARIES "SOCI::soci;SQLite::SQLite3")
  set_target_properties(SOCI::postgresql PROPERTIES IMPORTED_LOCATION ${SOCI_POSTGRESQL_LIBRARY} INTERFACE_LINK_LIBRARIES "SOCI::soci;${SOCI_PQ_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${SOCI_INCLUDE_DIR};${SOCI_PQ_INCLUDE_DIR}")
endif()
mark_as_advanced(SOCI_PQ_INCLUDE_DIR SOCI_PQ_LIBRARY SOCI_INCLUDE_DIR SOCI_LIBRARY SOCI_SQLITE3_LIBRARY SOCI_POSTGRESQL_LIBRARY)
