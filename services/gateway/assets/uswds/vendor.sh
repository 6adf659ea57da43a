#!/usr/bin/env bash
# Makes uswds.min.css, fonts/ and img/ anew from the U.S. Web Design System's npm package. See README.md.
set -euo pipefail

# NAME VERSION INTEGRITY. For a new version: `npm view NAME@VERSION dist.integrity`. Sass needs immutable, no more, for
# what is asked of it here.
readonly PACKAGES="\
@uswds/uswds 3.14.0 sha512-kwZ50TqGszxj3+MQhm+c84hI0y8rIKoc7ZLKbuHg+8rTkFisp9lXOMRD2wclyyuYZahpADxMvaPong7bwL7cew==
sass 1.108.2 sha512-kugK8djotnG9HQRPTOf36asKYlxg8rWWsNLYHOgWDIVOiZQqlRfKBgF4XXM6kfw146kIDMvm57B4GIkvDSyTzA==
immutable 5.2.1 sha512-CgXNM1BhKqpMjFHTyqQSk09OWqzHNJ/U4BdeBgXoBdR2DdgBdOSv131cO1/YMgzopqnka3B/i949UaMLEKUxOA=="

# Of the faces that the compiled CSS names, those kept. Others' @font-face blocks are dropped.
readonly FONTS="\
public-sans/PublicSans-Regular.woff2
public-sans/PublicSans-Italic.woff2
public-sans/PublicSans-Bold.woff2
merriweather/Latin-Merriweather-Regular.woff2
merriweather/Latin-Merriweather-Bold.woff2"

say() { printf '%s\n' "vendor.sh: $*" >&2; }

for tool in node npm tar; do
    command -v "$tool" >/dev/null || { say "$tool is missing; Node.js 20.19 or newer with npm is needed"; exit 2; }
done

here="$(CDPATH="" cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Fetched by package name, checked against the integrity above, unpacked without running any install script.
while read -r name version integrity; do
    say "fetching $name $version"
    tarball="$(cd "$work" && npm pack --silent --ignore-scripts "$name@$version")"
    got="sha512-$(node -e 'process.stdout.write(require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64"))' "$work/$tarball")"
    if [[ "$got" != "$integrity" ]]; then
        say "$name $version is not what it was: expected $integrity, got $got"
        exit 1
    fi
    mkdir -p "$work/node_modules/$name"
    tar -xzf "$work/$tarball" -C "$work/node_modules/$name" --strip-components 1
done <<<"$PACKAGES"

say "compiling theme.scss"
mkdir "$work/out"
cat >"$work/build.mjs" <<'JAVASCRIPT'
import fs from "node:fs";
import path from "node:path";
import * as sass from "sass";

const [theme, out, fonts] = process.argv.slice(2);
const uswds = path.resolve("node_modules/@uswds/uswds");
const version = JSON.parse(fs.readFileSync(path.join(uswds, "package.json"), "utf8")).version;
const kept = new Map(fonts.trim().split("\n").map((file) => [file, path.basename(file)]));

let { css } = sass.compile(theme, {
  loadPaths: [path.join(uswds, "packages")],
  style: "compressed",
  logger: sass.Logger.silent,
});
css = css.replace(/^\uFEFF|^@charset "[^"]*";/, "").replaceAll(/\/\*!? ?uswds [^*]*\*\//g, "");

// Keep the faces asked for, in one flat folder.
const seen = new Set();
css = css.replaceAll(/@font-face\{[^}]*\}/g, (block) => {
  const file = /url\("?\/assets\/uswds\/fonts\/([^")]+)"?\)/.exec(block)?.[1];
  if (!kept.has(file)) return "";
  seen.add(file);
  return block.replace(file, kept.get(file));
});
for (const [file, name] of kept) {
  if (!seen.has(file)) throw new Error(`no @font-face for ${file}`);
  fs.mkdirSync(path.join(out, "fonts"), { recursive: true });
  fs.copyFileSync(path.join(uswds, "dist/fonts", file), path.join(out, "fonts", name));
}

// Copy the images that the CSS names, and no other.
for (const [, file] of css.matchAll(/url\("?\/assets\/uswds\/img\/([^")]+)"?\)/g)) {
  const target = path.join(out, "img", file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(path.join(uswds, "dist/img", file), target);
}

// Nothing may point anywhere else.
for (const [, target] of css.matchAll(/url\("?([^")]*)"?\)/g)) {
  const local = target.replace(/^\/assets\/uswds\//, "");
  if (target !== "" && !target.startsWith("data:") && !fs.existsSync(path.join(out, local))) {
    throw new Error(`the CSS refers to ${target}, which is not vendored`);
  }
}
if (css.includes("sourceMappingURL")) throw new Error("a source map is named");

fs.writeFileSync(path.join(out, "uswds.min.css"), `@charset "UTF-8";\n/*! U.S. Web Design System ${version}, compiled for Loopline: see README.md beside this file. */\n${css.trim()}\n`);
fs.copyFileSync(path.join(uswds, "LICENSE.md"), path.join(out, "LICENSE.md"));
JAVASCRIPT
(cd "$work" && node build.mjs "$here/theme.scss" "$work/out" "$FONTS")

rm -rf "$here/fonts" "$here/img"
cp -R "$work/out/." "$here/"
find "$here/fonts" "$here/img" "$here/uswds.min.css" "$here/LICENSE.md" -type f -exec chmod 0644 {} +
say "done: $(du -sk "$here" | cut -f 1) KiB in all; look at the difference before committing it"
