#!/usr/bin/env bash
# Makes the clip of `npm start -- --demo`: clip.h264, clip.opus and clip.json. See README.md here.
# Options: --out FOLDER (this one), --gop FRAMES (250), --frames N (500), --bitrate KBIT (600)
set -euo pipefail

out=$(dirname "${BASH_SOURCE[0]}") gop=250 frames=500 bitrate=600
while (($# > 0)); do
  case $1 in
    --out) out=$2 ;;
    --gop) gop=$2 ;;
    --frames) frames=$2 ;;
    --bitrate) bitrate=$2 ;;
    *) echo "unknown option $1: see the head of ${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
  shift 2
done

width=640 height=360 rate=30
# The clock: a row of `bits` pairs of square cells, from `margin` in both directions.
bits=16 cell=18 margin=18
colours=c0=0x0b2545:c1=0x128f8b:c2=0x5b2a86
font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf

if ! command -v ffmpeg >/dev/null || [[ ! -r $font ]]; then
  echo 'this needs: apt-get install ffmpeg fonts-dejavu-core' >&2 && exit 1
fi
mkdir -p "$out"
seconds=$(awk "BEGIN { print $frames / $rate }")

# Bit by bit, the most significant first: white then black for one, black then white for zero.
# Each pair has both, so a picture without the row reads as no number.
clock="drawbox=x=0:y=0:w=$width:h=$((2 * margin + cell)):color=gray:t=fill"
for ((bit = bits - 1, x = margin; bit >= 0; bit--, x += 2 * cell)); do
  set_="mod(floor(n/$((2 ** bit))),2)"
  box="y=$margin:w=$cell:h=$cell:t=fill"
  clock+=",drawbox=x=$x:$box:color=white:enable='$set_'"
  clock+=",drawbox=x=$x:$box:color=black:enable='1-$set_'"
  clock+=",drawbox=x=$((x + cell)):$box:color=black:enable='$set_'"
  clock+=",drawbox=x=$((x + cell)):$box:color=white:enable='1-$set_'"
done

write() { # size, x, y, text
  echo "drawtext=fontfile=$font:fontsize=$1:x=$2:y=$3:fontcolor=white:borderw=3:text='$4'"
}
two='\:d\:2'
time="%{eif\\:floor(n/$((rate * 60)))$two}\\:%{eif\\:mod(floor(n/$rate)\\,60)$two}"
time+=".%{eif\\:floor(mod(n\\,$rate)*100/$rate)$two}"
words=$(write 72 '(w-tw)/2' 130 "$time")
words+=,$(write 28 '(w-tw)/2' 215 'Tailrace demo   frame %{eif\:n\:d\:5}')
# Something to follow with the eye: a stutter shows in it first.
words+=,$(write 48 '(w-tw)*(0.5+0.48*sin(n/30))' '290+20*cos(n/15)' '●')

ffmpeg -v error -y \
  -f lavfi -i "gradients=s=${width}x$height:r=$rate:speed=0.015:n=3:seed=7:$colours" -frames:v "$frames" \
  -vf "format=yuv420p,noise=c0s=6:c0f=t:c0_seed=7,$words,$clock" \
  -c:v libx264 -preset veryfast -profile:v high -threads 1 \
  -b:v "${bitrate}k" -maxrate "${bitrate}k" -bufsize "${bitrate}k" \
  -x264-params "keyint=$gop:min-keyint=$gop:scenecut=0:bframes=0:aud=1" \
  -f h264 "$out/clip.h264"

# "Tailrace demo", then each second by its number, over a tone that ends where it begins.
inputs=() mix='' count=0
say() { # second, words
  inputs+=(-f lavfi -i "flite=voice=slt:text='$2'")
  count=$((count + 1))
  mix+="[$count]aresample=48000,adelay=$1s:all=1[s$count];"
}
say 0 'Tailrace demo'
numbers=(two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen)
for index in "${!numbers[@]}"; do
  # A word needs most of a second: none is cut off by the end.
  if awk "BEGIN { exit !($index + 3 < $seconds) }"; then say $((index + 2)) "${numbers[index]}"; fi
done
labels=$(seq -f '[s%g]' 1 "$count" | tr -d '\n')
ffmpeg -v error -y \
  -f lavfi -i "sine=frequency=438:sample_rate=48000:duration=$seconds" "${inputs[@]}" \
  -filter_complex "${mix}[0]volume=0.5[tone];[tone]${labels}amix=inputs=$((count + 1)):duration=first:normalize=0,aformat=channel_layouts=stereo[mixed]" \
  -map '[mixed]' -t "$seconds" -c:a libopus -b:a 64k -frame_duration 20 -fflags +bitexact \
  -flags:a +bitexact -f ogg "$out/clip.opus"

cat >"$out/clip.json" <<EOF
{
  "video": {
    "file": "clip.h264",
    "format": "H264 High profile, Annex B, no B-frames, an access unit delimiter per frame",
    "bytes": $(stat -c %s "$out/clip.h264"),
    "width": $width,
    "height": $height,
    "framesPerSecond": $rate,
    "frames": $frames,
    "keyframeInterval": $gop
  },
  "audio": {
    "file": "clip.opus",
    "format": "Opus in Ogg, stereo, 48 kHz, 20 ms packets",
    "bytes": $(stat -c %s "$out/clip.opus")
  },
  "clock": {
    "x": $margin,
    "y": $margin,
    "cell": $cell,
    "bits": $bits,
    "width": $width,
    "height": $height
  },
  "madeBy": "demo/make-clip.sh --gop $gop --frames $frames --bitrate $bitrate"
}
EOF
