"""A page that plays pictures one after another, in one file that needs no network."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One picture, as data URIs, and what it shows."""

    wide: str
    narrow: str
    """For a screen of less than 640 pixels."""
    text: str


def page(title: str, frames: Sequence[Frame], first: int = 0) -> str:
    """The page's HTML; it begins at the frame `first` and moves only where it is asked to."""
    data = json.dumps([[frame.wide, frame.narrow, frame.text] for frame in frames]).replace("<", "\\u003c")
    now = frames[first]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_CSS}</style>
</head>
<body>
<main>
<h1>{html.escape(title)}</h1>
<div class="controls">
<button id="play" type="button">Play</button>
<label for="slider">Proposal</label>
<input id="slider" type="range" min="1" max="{len(frames)}" value="{first + 1}" step="1">
<output id="number" for="slider">{first + 1} of {len(frames)}</output>
</div>
<p id="text" aria-live="polite">{html.escape(now.text)}</p>
<picture><source id="narrow" media="(max-width: 640px)" srcset="{now.narrow}">
<img id="wide" src="{now.wide}" alt="{html.escape(now.text)}"></picture>
<p class="keys">Keys: left and right arrow for the proposal before and after, Home and End for the first and last,
space to play and stop.</p>
</main>
<script>const frames = {data}, first = {first};
{_SCRIPT}</script>
</body>
</html>
"""


_CSS = """
body { margin: 0; background: #fff; color: #222; font: 16px/1.45 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 16px; }
h1 { font-size: 1.3rem; margin: 0 0 12px; overflow-wrap: anywhere; }
.controls { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; }
button { font: inherit; min-width: 84px; min-height: 44px; border: 1px solid #0173b2; border-radius: 6px;
  background: #0173b2; color: #fff; cursor: pointer; }
input { flex: 1 1 140px; min-width: 100px; min-height: 44px; accent-color: #0173b2; }
output { min-width: 5.5em; font-variant-numeric: tabular-nums; }
:focus-visible { outline: 3px solid #de8f05; outline-offset: 2px; }
#text { min-height: 3em; margin: 10px 0; }
img { display: block; width: 100%; height: auto; }
.keys { color: #666; font-size: .85rem; }
@media (min-width: 641px) { img { width: auto; max-width: 100%; max-height: max(560px, calc(100vh - 190px)); } }
@media (max-width: 640px) { main { padding: 12px 0; }
  h1, .controls, #text, .keys { margin-left: 12px; margin-right: 12px; }
  #text { min-height: 4.5em; } }
"""

_SCRIPT = """
const get = (id) => document.getElementById(id);
const slider = get('slider'), button = get('play');
const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
let timer = null;
function show(n) {
  n = Math.max(0, Math.min(frames.length - 1, n));
  const [wide, narrow, text] = frames[n];
  slider.value = n + 1;
  get('wide').src = wide;
  get('wide').alt = text;
  get('narrow').srcset = narrow;
  get('text').textContent = text;
  get('number').textContent = `${n + 1} of ${frames.length}`;
}
const current = () => Number(slider.value) - 1;
function stop() { clearInterval(timer); timer = null; button.textContent = 'Play'; }
function play() {
  if (timer !== null) { stop(); return; }
  if (current() === frames.length - 1) show(0);
  button.textContent = 'Stop';
  timer = setInterval(() => {
    show(current() + 1);
    if (current() === frames.length - 1) stop();
  }, calm ? 2500 : 1000);
}
button.addEventListener('click', play);
slider.addEventListener('input', () => { stop(); show(current()); });
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const to = { ArrowLeft: current() - 1, ArrowRight: current() + 1, Home: 0, End: frames.length - 1 }[event.key];
  if (to !== undefined) { event.preventDefault(); stop(); show(to); }
  if (event.key === ' ' && event.target !== button) { event.preventDefault(); play(); }
});
show(first);
"""
