#!/bin/bash
# Says what is linked into the program, as SPDX 2.3.   sbom.sh ASSETS VERSION EPOCH      ASSETS is the project.assets.json of the restore
set -euo pipefail
assets=$1 version=$2 created=$(date -u -d "@$3" +%Y-%m-%dT%H:%M:%SZ)
# The runtime is of the compiler's version.
runtime=$(sed -n 's#^    "Microsoft.DotNet.ILCompiler/\([0-9.]*\)": {$#\1#p' "$assets" | head -n 1)

package() { # NAME VERSION SPDXID PURL
  local reference=
  [ -z "$4" ] || reference=", \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": \"$4\"}]"
  printf '    {"SPDXID": "%s", "name": "%s", "versionInfo": "%s", "downloadLocation": "NOASSERTION", "filesAnalyzed": false, "licenseConcluded": "MIT", "licenseDeclared": "MIT", "copyrightText": "NOASSERTION"%s}' \
    "$3" "$1" "$2" "$reference"
}

libraries=$(grep -oE '^    "[A-Za-z.]+/[0-9][0-9A-Za-z.-]*": \{$' "$assets" | tr -d '" {' | sed 's/:$//' | grep -v -i -e '^DlmUpdater' -e analyzer -e ilcompiler -e illink | sort -u)
if [ -z "$libraries" ] || [ -z "$runtime" ]; then
  echo "$assets does not say what is linked" >&2
  exit 1
fi
cat <<JSON
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "dlm-updater-$version",
  "documentNamespace": "https://github.com/dlm-updater/dlm-updater/spdx/$version",
  "creationInfo": {"created": "$created", "creators": ["Organization: The DlmUpdater authors", "Tool: sbom.sh"]},
  "packages": [
JSON
package dlm-updater "$version" SPDXRef-dlm-updater ""
echo ","
package Microsoft.NETCore.App.Runtime.NativeAOT "$runtime" SPDXRef-runtime "pkg:nuget/Microsoft.NETCore.App.Runtime.NativeAOT@$runtime"
relations='    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-dlm-updater"},
    {"spdxElementId": "SPDXRef-dlm-updater", "relationshipType": "STATIC_LINK", "relatedSpdxElement": "SPDXRef-runtime"}'
for library in $libraries; do
  id=SPDXRef-${library%/*}
  echo ","
  package "${library%/*}" "${library#*/}" "$id" "pkg:nuget/${library%/*}@${library#*/}"
  relations+=$',\n    '"{\"spdxElementId\": \"SPDXRef-dlm-updater\", \"relationshipType\": \"STATIC_LINK\", \"relatedSpdxElement\": \"$id\"}"
done
printf '\n  ],\n  "relationships": [\n%s\n  ]\n}\n' "$relations"
