# Puts the plotting library into the build tree, as a module and a style sheet. Where npm or its registry is missing the
# build goes on: the console then shows tables and says why it draws nothing.
set(command ${NPM} ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=30000)
set(problem "there is no npm")
if(NPM)
  file(COPY ${SOURCE}/package.json ${SOURCE}/package-lock.json DESTINATION ${MADE})
  execute_process(COMMAND ${command} WORKING_DIRECTORY ${MADE} RESULT_VARIABLE problem OUTPUT_QUIET ERROR_VARIABLE said)
endif()
set(library ${MADE}/node_modules/uplot/dist)
if(problem STREQUAL "0")
  file(READ ${library}/uPlot.iife.min.js script)
  file(WRITE ${MADE}/uplot.js "${script}\nexport default uPlot;\n")
  file(COPY_FILE ${library}/uPlot.min.css ${MADE}/uplot.css)
else()
  message(WARNING "The console is built without its plotting library: ${problem} ${said}\n"
    "Once npm works, remove ${MADE}/uplot.js and build again.")
  file(WRITE ${MADE}/uplot.js "export default null;\n")
  file(WRITE ${MADE}/uplot.css "")
endif()
