/*
 * sample - the document of about 1 KB that figures are measured on.
 */
#ifndef PAWL_BENCH_SAMPLE_H
#define PAWL_BENCH_SAMPLE_H

static const char sample[] =
    "{\"orderId\":\"9f2c1b7a-6c0e-4b51-9d7e-2f6f1c7f0a11\",\"customer\":{\"id\":184467,\"name\":"
    "\"M\xc3\xbcller & S\xc3\xb6hne\",\"email\":\"einkauf@mueller.example\",\"vip\":true,\"address\":{\"street\":"
    "\"Hauptstra\xc3\x9f"
    "e 12\",\"city\":\"Bad Homburg\",\"zip\":\"61348\",\"country\":\"DE\"}},\"items\":[{\"sku\":"
    "\"AB-1001\",\"title\":\"Drehmomentschl\xc3\xbcssel 40-200 Nm\",\"quantity\":2,\"price\":89.9,\"tags\":[\"tool\",\"metal\"]},"
    "{\"sku\":\"CD-2002\",\"title\":\"Arbeitshandschuhe\",\"quantity\":10,\"price\":4.25,\"tags\":[]},{\"sku\":\"EF-3003\","
    "\"title\":\"Schmier\xc3\xb6l 1 l\",\"quantity\":6,\"price\":12.5,\"tags\":[\"chemistry\",\"1,5% \\\"bio\\\"\"]}],\"shipping\":{"
    "\"method\":\"express\",\"cost\":14.95,\"window\":{\"from\":\"2026-11-24T08:00:00Z\",\"to\":\"2026-11-24T12:00:00Z\"}},"
    "\"payment\":{\"kind\":\"invoice\",\"dueDays\":30,\"iban\":null,\"checked\":false},\"totals\":{\"net\":297.3,\"vat\":56.487,"
    "\"gross\":353.787,\"currency\":\"EUR\"},\"notes\":\"Bitte an der Rampe abgeben.\\nAnruf vorher: +49 6172 000000\",\"attempt\":0,"
    "\"trace\":[1700000000123,1700000000456,1700000001789],\"scores\":{\"fraud\":0.0125,\"credit\":1e-7,\"limit\":12345678901234567890}}";

#endif
