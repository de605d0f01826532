# Writes a C++ source with all FILES (separated by |) as http/console_assets.hpp declares them.
string(REPLACE "|" ";" FILES "${FILES}")
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"asset(${text})asset\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"http/console_assets.hpp\"

namespace pusher::http {
const std::vector<console_asset>& console_assets() {
  static const std::vector<console_asset> assets{
${rows}  };
  return assets;
}
}
")
