#include "gateway/notice/style.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

/* Contrast is 7:1 or more for text and 3:1 for lines, light and dark. Lines,
 * not backgrounds, make the shape, so that forced colours keep it. Nothing is
 * wider than the window, nothing moves, letter spacing is left alone because
 * Arabic joins its letters. */
static const char css[] =
    ":root{color-scheme:light dark;--ink:#1b1b1f;--paper:#fff;--soft:#44474e;"
    "--line:#74777f;--link:#00458a;--frame:#33618d}"
    "@media(prefers-color-scheme:dark){:root{--ink:#f1f0f4;--paper:#16181c;"
    "--soft:#c9cad0;--line:#8e9099;--link:#a5c8ff;--frame:#8ab4e8}}"
    "*{box-sizing:border-box}"
    "html{background:var(--paper);color:var(--ink);"
    "font:1.125rem/1.6 system-ui,sans-serif}"
    "body{margin:0 auto;padding:1rem;max-width:42rem;"
    "overflow-wrap:anywhere}"
    "header,footer{color:var(--soft)}"
    "header p,footer p{margin:0}"
    "main{border:2px solid var(--frame);border-radius:1rem;"
    "margin:1rem 0;padding:1rem 1.25rem}"
    "svg{display:block;margin:.5rem 0;width:3.5rem;height:3.5rem;"
    "fill:none;stroke:currentColor;stroke-width:3;stroke-linejoin:round;"
    "stroke-linecap:round}"
    "h1{font-size:1.6rem;line-height:1.4;margin:.5rem 0}"
    "h2{font-size:1.2rem;line-height:1.4;margin:1.5rem 0 .25rem}"
    "p,ul,dl{margin:.5rem 0}"
    "ul{padding-inline-start:1.5rem}"
    "li{margin:.5rem 0}"
    "dt{color:var(--soft);margin-top:.75rem}"
    "dd{margin:0}"
    ".calm{font-weight:bold}"
    "a{color:var(--link);display:inline-block;min-height:2.75rem;"
    "padding:.5rem 0;text-decoration:underline}"
    "a:focus-visible{outline:4px solid var(--link);outline-offset:2px;"
    "border-radius:.25rem}"
    "button{font:inherit;color:var(--ink);background:var(--paper);"
    "border:2px solid var(--line);border-radius:.5rem;min-height:2.75rem;"
    "padding:.5rem 1rem;margin:.5rem 0;cursor:pointer}"
    "button:focus-visible{outline:4px solid var(--link);outline-offset:2px}"
    "code{font:1em/1.6 ui-monospace,monospace;user-select:all}"
    ":where(:lang(ar),:lang(ur),:lang(fa)){line-height:1.9}";

struct cop_slice style_text(void)
{
    return (struct cop_slice){css, sizeof(css) - 1};
}

void style_policy(struct buf *out, bool has_form)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned char text[4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1];

    SHA256((const unsigned char *)css, sizeof(css) - 1, digest);
    EVP_EncodeBlock(text, digest, sizeof(digest));
    buf_print(out,
        "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
        "form-action '%s'; frame-ancestors 'none'",
        (const char *)text, has_form ? "self" : "none");
}
