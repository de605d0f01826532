# The web console becomes a part of the binary: its own files and the plotting library, which npm fetches by
# package-lock.json when this is built. Sets `console_assets`, a source file for pusher_http.
find_program(NPM npm)
set(console_source ${CMAKE_SOURCE_DIR}/console)
set(console_made ${CMAKE_BINARY_DIR}/console)
set(console_assets ${console_made}/console_assets.cpp)
set(console_library ${console_made}/uplot.js ${console_made}/uplot.css)
file(GLOB console_files CONFIGURE_DEPENDS ${console_source}/*.html ${console_source}/*.css ${console_source}/*.js ${console_source}/*.svg)
file(MAKE_DIRECTORY ${console_made})

add_custom_command(OUTPUT ${console_library}
  COMMAND ${CMAKE_COMMAND} -D NPM=${NPM} -D SOURCE=${console_source} -D MADE=${console_made} -P ${console_source}/fetch.cmake
  DEPENDS ${console_source}/package.json ${console_source}/package-lock.json ${console_source}/fetch.cmake
  COMMENT "Fetching the console's plotting library" VERBATIM)
add_custom_command(OUTPUT ${console_assets}
  COMMAND ${CMAKE_COMMAND} -D "FILES=$<JOIN:${console_files};${console_library},|>" -D OUT=${console_assets} -P ${console_source}/embed.cmake
  DEPENDS ${console_files} ${console_library} ${console_source}/embed.cmake
  COMMENT "Packing the console" VERBATIM)
