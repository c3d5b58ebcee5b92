# Install rules: libraries, headers, CMake components, pkg-config files, programs; Debian packages by CPack (docs/packaging.md).
# Each library of phxkit_library is a component: its own export file, with the packages it stands on, so that a user of the
# client needs no database.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PHXKIT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/phxkit)

# phxkit_foreign(target package pkg-config linker): how a target of somebody else is found by CMake and pkg-config. `-`: nothing.
macro(phxkit_foreign target package pc libs)
  set(_cmake_${target} "${package}")
  set(_pc_${target} "${pc}")
  set(_libs_${target} "${libs}")
endmacro()
phxkit_foreign(Boost::headers "Boost 1.81" - -)
phxkit_foreign(nlohmann_json::nlohmann_json nlohmann_json nlohmann_json -)
phxkit_foreign(tl::expected tl-expected - -)
phxkit_foreign(OpenSSL::Crypto OpenSSL libcrypto -)
phxkit_foreign(OpenSSL::SSL OpenSSL libssl -)
phxkit_foreign(CURL::libcurl "CURL 7.85" libcurl -)
phxkit_foreign(Threads::Threads Threads - -pthread)
phxkit_foreign(SOCI::soci "SOCI 4.0" - -lsoci_core)
phxkit_foreign(SOCI::sqlite3 "SOCI 4.0" sqlite3 -lsoci_sqlite3)
phxkit_foreign(SOCI::postgresql "SOCI 4.0" libpq -lsoci_postgresql)
phxkit_foreign(yaml-cpp yaml-cpp yaml-cpp -)
phxkit_foreign(prometheus-cpp::core prometheus-cpp prometheus-cpp-core -)
phxkit_foreign(Qt6::Core "Qt6 6.4 COMPONENTS Core" Qt6Core -)
phxkit_foreign(GTest::gtest GTest gtest -)
phxkit_foreign(GTest::gmock GTest gmock -)

function(phxkit_install_programs)
  foreach(program phx phx-server phx-load phx-inspector)
    if(TARGET ${program})
      set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
      install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
    endif()
  endforeach()
endfunction()

# Man pages and completions, which phx makes from its own option table.
function(phxkit_install_pages)
  if(NOT TARGET phx OR CMAKE_CROSSCOMPILING)
    return()
  endif()
  set(pages ${PROJECT_BINARY_DIR}/pages)
  add_custom_command(OUTPUT ${pages}/made DEPENDS phx VERBATIM
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${pages}
    COMMAND phx man --out ${pages}/man1
    COMMAND phx completion bash > ${pages}/phx
    COMMAND phx completion zsh > ${pages}/_phx
    COMMAND phx completion fish > ${pages}/phx.fish
    COMMAND gzip -9nr ${pages}/man1
    COMMAND ${CMAKE_COMMAND} -E touch ${pages}/made)
  add_custom_target(phxkit_pages ALL DEPENDS ${pages}/made)
  install(DIRECTORY ${pages}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT programs)
  install(FILES ${pages}/phx DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT programs)
  install(FILES ${pages}/_phx DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT programs)
  install(FILES ${pages}/phx.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT programs)
endfunction()

# phxkit_install_library(name): also tells what the config file must know about it, in _phxkit_table of the caller.
function(phxkit_install_library name)
  set(target phxkit_${name})
  install(TARGETS ${target} EXPORT phxkit-${name}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(EXPORT phxkit-${name} NAMESPACE phxkit:: DESTINATION ${PHXKIT_CMAKE_DIR} COMPONENT dev)

  get_target_property(type ${target} TYPE)
  get_target_property(public ${target} PHXKIT_PUBLIC)
  get_target_property(private ${target} PHXKIT_PRIVATE)
  set(needs ${public})
  if(NOT type STREQUAL SHARED_LIBRARY) # its users link what it is made of
    list(APPEND needs ${private})
  endif()
  set(libraries "") # of ours
  set(packages "")
  set(modules "")
  set(flags "")
  foreach(need ${needs})
    if(need MATCHES "^phxkit::(.*)$")
      list(APPEND libraries ${CMAKE_MATCH_1})
      list(APPEND modules phxkit-${CMAKE_MATCH_1})
    elseif(DEFINED _cmake_${need})
      list(APPEND packages "${_cmake_${need}}")
      list(APPEND modules ${_pc_${need}})
      list(APPEND flags ${_libs_${need}})
    elseif(TARGET ${need})
      message(FATAL_ERROR "phxkit_${name} is installed and links ${need}: say in cmake/PhxkitInstall.cmake how users find that, or make the library INTERNAL")
    endif()
  endforeach()
  foreach(list packages modules flags)
    list(REMOVE_DUPLICATES ${list})
    list(REMOVE_ITEM ${list} -)
  endforeach()
  set(_phxkit_table "${_phxkit_table}set(_phxkit_needs_${name} ${libraries})\nset(_phxkit_packages_${name} \"${packages}\")\n" PARENT_SCOPE)
  phxkit_pkg_config(${name} "${modules}" "${flags}" ${type})
endfunction()

function(phxkit_pkg_config name modules flags type)
  list(JOIN modules ", " modules)
  list(JOIN flags " " flags)
  set(link "")
  if(NOT type STREQUAL INTERFACE_LIBRARY)
    set(link "-L\${libdir} -lphxkit_${name} ")
  endif()
  if(type STREQUAL STATIC_LIBRARY)
    string(APPEND flags " -lstdc++ -lm")
  endif()
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/phxkit-${name}.pc CONTENT "prefix=\${pcfiledir}/${up}
libdir=\${prefix}/${CMAKE_INSTALL_LIBDIR}
includedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}

Name: phxkit-${name}
Description: ${PROJECT_DESCRIPTION}: ${name}
Version: ${PROJECT_VERSION}
Requires: ${modules}
Cflags: -I\${includedir}
Libs: ${link}${flags}
")
  install(FILES ${PROJECT_BINARY_DIR}/phxkit-${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endfunction()

function(phxkit_install)
  get_property(libraries GLOBAL PROPERTY PHXKIT_LIBRARIES)
  set(_phxkit_table "")
  foreach(name ${libraries})
    phxkit_install_library(${name})
  endforeach()
  string(REPLACE ";" " " PHXKIT_ALL "${libraries}")
  set(PHXKIT_TABLE "${_phxkit_table}")
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/phxkit-config.cmake.in ${PROJECT_BINARY_DIR}/phxkit-config.cmake
    INSTALL_DESTINATION ${PHXKIT_CMAKE_DIR})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/phxkit-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/phxkit-config.cmake ${PROJECT_BINARY_DIR}/phxkit-config-version.cmake
    ${PROJECT_SOURCE_DIR}/cmake/FindSOCI.cmake DESTINATION ${PHXKIT_CMAKE_DIR} COMPONENT dev)
  phxkit_install_programs()
  phxkit_install_pages()
  install(FILES ${PROJECT_SOURCE_DIR}/docs/schema/scenario.json DESTINATION ${CMAKE_INSTALL_DATADIR}/phxkit COMPONENT programs)
  phxkit_debian()
endfunction()

function(phxkit_debian)
  set(series ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_NAME phxkit)
  set(CPACK_PACKAGE_CONTACT "phxkit maintainers <phxkit@localhost>")
  set(CPACK_VERBATIM_VARIABLES ON)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_COMPONENTS_ALL runtime dev programs)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libphxkit${series})
  foreach(package runtime:libphxkit${series} dev:libphxkit-dev programs:phxkit)
    string(REPLACE ":" ";" words ${package})
    list(GET words 0 component)
    list(GET words 1 name)
    install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} RENAME copyright COMPONENT ${component})
  endforeach()
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
  set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Phoenix Channels client and server for C++ and C: shared libraries")
  set(CPACK_DEBIAN_DEV_PACKAGE_NAME libphxkit-dev)
  set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libphxkit${series} (= ${PROJECT_VERSION}), libboost1.81-dev, nlohmann-json3-dev, libexpected-dev, libssl-dev, libcurl4-openssl-dev")
  set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "libsoci-dev, libyaml-cpp-dev, prometheus-cpp-dev, qt6-base-dev")
  set(CPACK_COMPONENT_DEV_DESCRIPTION "Phoenix Channels client and server for C++ and C: headers, CMake and pkg-config files")
  set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME phxkit)
  set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION net)
  set(CPACK_DEBIAN_PROGRAMS_PACKAGE_DEPENDS "libphxkit${series} (= ${PROJECT_VERSION})")
  set(CPACK_COMPONENT_PROGRAMS_DESCRIPTION "Talk to Phoenix servers, imitate, test and load them: the programs of phxkit")
  include(CPack)
endfunction()
