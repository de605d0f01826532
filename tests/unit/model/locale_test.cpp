#include "model/locale.hpp"

#include <doctest/doctest.h>

using namespace pusher;

TEST_CASE("a language tag is well-formed, and gets its usual letter case") {
  CHECK(canonical_locale("ko") == "ko");
  CHECK(canonical_locale("KO_kr") == "ko-KR");
  CHECK(canonical_locale("zh-hant-tw") == "zh-Hant-TW");
  CHECK(canonical_locale("es-419") == "es-419");
  CHECK(canonical_locale("sl-rozaj-biske-1994") == "sl-rozaj-biske-1994");
  CHECK(canonical_locale("de-DE-u-co-phonebk") == "de-DE-u-co-phonebk");
  CHECK(canonical_locale("zh-yue-HK") == "zh-yue-HK");
  CHECK(canonical_locale("x-ours") == "x-ours");
  for (const char* bad : {"", "k", "ko-", "-ko", "ko--KR", "ko-KR-", "한국어", "ko KR", "korean-language", "12",
                          "ko-K", "ko-u", "en-US-abcdefghi", "ko.KR", "ko-KR\n", "x",
                          "aa-bbb-ccc-ddd-eeee-ff-ggggg-hhhhhh-iiiiiii"})
    CHECK_FALSE_MESSAGE(canonical_locale(bad).has_value(), bad);
}

TEST_CASE("a device gets its own locale, else what is nearest above it, else none") {
  locale_choice choice({"ko", "ko-KR", "zh-Hant", "pt-BR", "de-DE-u-co-phonebk"});
  CHECK(choice.of("ko-KR") == 2);
  CHECK(choice.of("ko_kr") == 2);
  CHECK(choice.of("KO-kp") == 1);
  CHECK(choice.of("ko") == 1);
  CHECK(choice.of("ko_KR.UTF-8") == 2);
  CHECK(choice.of("ko_KR@currency=won") == 2);
  CHECK(choice.of("zh-Hant-TW") == 3);
  CHECK(choice.of("zh-TW") == 0);
  CHECK(choice.of("ko-KR-u-nu-latn") == 2);
  CHECK(choice.of("ko_KR_#Hang") == 2);
  // No sideways: Portuguese of Portugal is not that of Brazil, nor is a language without a region.
  CHECK(choice.of("pt-PT") == 0);
  CHECK(choice.of("pt") == 0);
  CHECK(choice.of("kok") == 0);
  CHECK(choice.of("") == 0);
  CHECK(choice.of("-") == 0);
  CHECK(choice.of("de-DE-u-co-phonebk-x-ours") == 5);
  CHECK(choice.of("de-DE") == 0);
  CHECK(locale_choice().of("ko") == 0);
}
