#!/bin/sh
# Print the path of Terraform; where none is installed, as in CodeBuild's images, fetch the pinned one first.
set -eu
version=1.11.4
sha256=1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc # of the archive for linux_amd64
if command -v terraform; then exit; fi
folder=build/bin
archive=$folder/terraform.zip
mkdir -p "$folder"
curl --fail --silent --show-error --location --output "$archive" \
  "https://releases.hashicorp.com/terraform/$version/terraform_${version}_linux_amd64.zip"
echo "$sha256  $archive" | sha256sum --check --quiet >&2
python3 -m zipfile -e "$archive" "$folder"
chmod +x "$folder/terraform"
echo "$PWD/$folder/terraform"
