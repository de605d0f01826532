# What is installed, and the Debian package of it: cpack --config build/PRESET/CPackConfig.cmake. `./run package` does all of it.
set(CMAKE_INSTALL_PREFIX /usr)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(generated ${CMAKE_BINARY_DIR}/package-files)

# The configuration file as it is installed: every option, and the one that differs.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS conf/pusher.toml)
file(READ conf/pusher.toml settings)
set(usual "#directory = \"pusher-data\"\n")
string(FIND "${settings}" "${usual}" found)
if(found EQUAL -1)
  message(FATAL_ERROR "conf/pusher.toml has no line ${usual}")
endif()
string(REPLACE "${usual}" "directory = \"/var/lib/pusher\"\n" settings "${settings}")
file(WRITE ${generated}/pusher.toml "${settings}")

# What the program says of itself.
add_custom_command(
  OUTPUT ${generated}/done
  COMMAND pusher manual pusher > pusher.1
  COMMAND pusher manual pusher.toml > pusher.toml.5
  COMMAND pusher completion bash > pusher.bash
  COMMAND pusher completion zsh > _pusher
  COMMAND pusher completion fish > pusher.fish
  COMMAND sh ${CMAKE_SOURCE_DIR}/packaging/debian/changelog ${PROJECT_VERSION} > changelog
  COMMAND cp ${CMAKE_SOURCE_DIR}/CHANGELOG.md CHANGELOG.md
  COMMAND gzip -9nf pusher.1 pusher.toml.5 changelog CHANGELOG.md
  COMMAND touch done
  DEPENDS pusher CHANGELOG.md packaging/debian/changelog
  WORKING_DIRECTORY ${generated})
add_custom_target(package_files ALL DEPENDS ${generated}/done)

install(TARGETS pusher DESTINATION bin)
install(FILES ${generated}/pusher.toml DESTINATION /etc/pusher)
install(FILES packaging/pusher.service DESTINATION /lib/systemd/system)
install(FILES ${generated}/pusher.1.gz DESTINATION share/man/man1)
install(FILES ${generated}/pusher.toml.5.gz DESTINATION share/man/man5)
install(FILES ${generated}/pusher.bash DESTINATION share/bash-completion/completions RENAME pusher)
install(FILES ${generated}/_pusher DESTINATION share/zsh/vendor-completions)
install(FILES ${generated}/pusher.fish DESTINATION share/fish/vendor_completions.d)
install(FILES packaging/debian/copyright ${generated}/changelog.gz ${generated}/CHANGELOG.md.gz
  DESTINATION share/doc/pusher)
install(DIRECTORY docs DESTINATION share/doc/pusher FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
install(DIRECTORY deploy/ DESTINATION share/doc/pusher/examples)
# Libraries whose headers leave code of theirs in the program.
foreach(library rapidjson-dev libcli11-dev libtoml11-dev libspdlog-dev libfmt-dev libhowardhinnant-date-dev libcaf-dev
        libpistache-dev prometheus-cpp-dev)
  install(FILES /usr/share/doc/${library}/copyright DESTINATION share/doc/pusher/licences RENAME ${library})
endforeach()
install(FILES ${CMAKE_BINARY_DIR}/console/node_modules/uplot/LICENSE DESTINATION share/doc/pusher/licences RENAME uplot)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pusher)
set(CPACK_PACKAGE_VENDOR "The Pusher authors")
set(CPACK_PACKAGE_CONTACT "The Pusher authors <pusher@example.com>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "self-hosted push-notification engine
A back end registers devices and says in one call whom to reach and with what;
Pusher finds the devices, sends through FCM, APNs, Web Push and Huawei Push
Kit, and records what became of every push.

The service that is installed is a complete one for one machine, with a Redis
and a MariaDB of its own (the recommended packages); nodes on several machines
share servers.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "redis-server, mariadb-server-core, mariadb-client-core")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "mariadb-backup, haproxy | nginx")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(WRITE ${generated}/conffiles "/etc/pusher/pusher.toml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/debian/postinst ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
  ${CMAKE_SOURCE_DIR}/packaging/debian/postrm ${generated}/conffiles)
include(CPack)
