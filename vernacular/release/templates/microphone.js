"use strict";
// Records, or reads a file that was chosen; makes 16-bit WAV at 16 kHz of it and shows what the models write.
const RATE = 16000;
const part = document.getElementById("speech"), longest = Number(part.dataset.longest);
const record = document.getElementById("record"), chosen = document.getElementById("recording");
const level = document.getElementById("level"), state = document.getElementById("state");
const written = document.getElementById("written");
let stop = null;

function say(text, trouble = false) {
  state.textContent = text;
  state.className = trouble ? "note trouble" : "quiet";
}

async function start() {
  const audio = {channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false};
  const stream = await navigator.mediaDevices.getUserMedia({audio});
  const context = new AudioContext(), blocks = [];
  let samples = 0;
  await context.audioWorklet.addModule("/recorder.js");
  const recorder = new AudioWorkletNode(context, "recorder");
  recorder.port.onmessage = ({data}) => {
    if (!stop) return;
    blocks.push(data);
    samples += data.length;
    level.value = Math.max(...data.map(Math.abs));
    say(`Recording: ${(samples / context.sampleRate).toFixed(0)} of at most ${longest} s`);
    if (samples >= (longest - 1) * context.sampleRate) stop();
  };
  stop = async () => {
    stop = null;
    level.value = 0;
    record.textContent = "Record";
    stream.getTracks().forEach(track => track.stop());
    await context.close();
    await ask(() => resampled(blocks, samples, context.sampleRate));
  };
  context.createMediaStreamSource(stream).connect(recorder).connect(context.destination); // silent, but must be drawn
  record.textContent = "Stop";
}

async function resampled(blocks, samples, rate) {
  if (!samples) throw new Error("the microphone gave no sound");
  const context = new OfflineAudioContext(1, Math.ceil(samples * RATE / rate), RATE);
  const buffer = context.createBuffer(1, samples, rate), source = context.createBufferSource();
  let at = 0;
  for (const block of blocks) { buffer.copyToChannel(block, 0, at); at += block.length; }
  source.buffer = buffer;
  source.connect(context.destination);
  source.start();
  return (await context.startRendering()).getChannelData(0);
}

async function decoded(file) {
  const buffer = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await file.arrayBuffer());
  if (buffer.duration > longest) throw new Error(`it is longer than ${longest} s`);
  const channels = [...Array(buffer.numberOfChannels).keys()].map(number => buffer.getChannelData(number));
  return channels[0].map((_, at) => channels.reduce((sum, channel) => sum + channel[at], 0) / channels.length);
}

function wav(sound) {
  const view = new DataView(new ArrayBuffer(44 + 2 * sound.length));
  const text = (at, letters) => [...letters].forEach((letter, number) => view.setUint8(at + number, letter.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * sound.length, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true); view.setUint32(28, 2 * RATE, true); view.setUint16(32, 2, true);
  view.setUint16(34, 16, true); text(36, "data"); view.setUint32(40, 2 * sound.length, true);
  sound.forEach((value, at) => view.setInt16(44 + 2 * at, Math.round(32767 * Math.max(-1, Math.min(1, value))), true));
  return view.buffer;
}

async function ask(read) {
  record.disabled = chosen.disabled = true;
  written.replaceChildren();
  say("Transcribing …");
  try {
    const answer = await fetch("/transcribe", {method: "POST", body: wav(await read()), headers: {
      "Content-Type": "audio/wav", "X-Vernacular-Token": part.dataset.token}});
    if (answer.status === 413) throw new Error(`it is longer than ${longest} s`);
    const found = await answer.json();
    if (found.trouble) say(found.trouble, true);
    else show(found.rows);
  } catch (error) {
    say(`This recording was not transcribed: ${error.message}`, true);
  } finally {
    record.disabled = chosen.disabled = false;
    chosen.value = "";
  }
}

function show(rows) {
  say(rows.length ? "" : "No speech was found in this recording.");
  written.replaceChildren(...rows.map((row, number) => {
    const box = document.createElement("section");
    const add = (tag, text, more = {}) => box.appendChild(Object.assign(document.createElement(tag), {
      textContent: text, ...more}));
    if (!number) box.className = "adapted";
    add("h2", row.title);
    add("p", row.text || "(nothing)", {className: "text", dir: "auto", lang: part.dataset.language});
    if (row.confidence !== null) add("p", `Confidence ${row.confidence.toFixed(2)}`, {className: "quiet"});
    add("p", row.note, {className: "quiet"});
    return box;
  }));
}

record.addEventListener("click", () => stop ? stop() : start().catch(error => say(
  `The browser gives no microphone (${error.message}). Allow it for this address, or choose a file.`, true)));
chosen.addEventListener("change", () => chosen.files.length && ask(() => decoded(chosen.files[0])));
