"""Documents in the shape of those that Azure, Google, Amazon and the W3C show."""

import pytest

from tests.plugins.ssml.helpers import heard, parse

W3C = """<?xml version="1.0"?>
<!-- a booking -->
<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis"
       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
       xsi:schemaLocation="http://www.w3.org/2001/10/synthesis
                           http://www.w3.org/TR/speech-synthesis11/synthesis.xsd"
       xml:lang="en-US">
  <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <dc:title>Booking</dc:title></rdf:RDF></metadata>
  <p>
    <s xml:lang="en-US">
      <voice gender="female" required="gender">Your table for <emphasis>two</emphasis> is booked.</voice>
    </s>
    <s>Ask for <sub alias="Mister Lee">Mr. Lee</sub>
       at <say-as interpret-as="telephone" format="1">555-0100</say-as>.</s>
  </p>
  <p><s>A <lang xml:lang="de-DE">Stammtisch</lang> costs
     <prosody rate="-10%" pitch="+2st">nothing</prosody>.</s></p>
</speak>"""
AZURE = """<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis"
    xmlns:mstts="https://www.w3.org/2001/mstts"
    xml:lang="en-US">
  <voice name="en-US-SomebodyNeural">
    <mstts:silence type="Sentenceboundary" value="200ms"/>
    <mstts:express-as style="cheerful" styledegree="2">That was great fun!</mstts:express-as>
    <bookmark mark="flower_1"/>
    <prosody contour="(60%,-60%) (100%,+80%)" volume="+20.00%">Were you the one?</prosody>
    <break strength="weak"/><phoneme alphabet="ipa" ph="ˈhɛ.loʊ">hello</phoneme>
    <say-as interpret-as="date" format="mdy">10-19-2016</say-as>
  </voice>
  <voice name="eva"><mstts:viseme type="redlips_front"/><lang xml:lang="de-DE">Guten Tag</lang></voice>
</speak>"""
GOOGLE = """<speak>
  Here are <say-as interpret-as="characters">SSML</say-as> samples. I can pause <break time="3s"/>.
  I can play a sound
  <audio src="https://www.example.com/MY_MP3_FILE.mp3"><desc>a cat</desc>didn't get your MP3 file</audio>.
  I can speak in cardinals: <say-as interpret-as="cardinal">10</say-as>, or in ordinals:
  you are <say-as interpret-as="ordinal">10</say-as> in line.
  <p><s>This is sentence one.</s><s>This is sentence two.</s></p>
  <par><media xml:id="question" begin="0.5s"><speak>Who made the web?</speak></media>
  <media xml:id="answer" begin="question.end+2.0s"><speak>Tim.</speak></media></par>
  <google:style name="lively">Hello I'm so happy today!</google:style> <mark name="end"/>
</speak>"""
POLLY = """<speak>
  Mary had a little lamb <amazon:effect name="whispered">whose fleece was white</amazon:effect> as snow.
  <amazon:auto-breaths volume="medium" frequency="high">And
  everywhere <amazon:breath duration="long"/> it went</amazon:auto-breaths>,
  <prosody amazon:max-duration="2s">the lamb was sure to go.</prosody>
  I <w role="amazon:VBD">read</w> it. <amazon:domain name="news">News</amazon:domain>
  <phoneme alphabet="x-sampa" ph='pI"kA:n'>pecan</phoneme> &amp;
  <prosody volume="loud" rate="x-slow">slow</prosody>
</speak>"""
SAMPLES = {
    "W3C": (
        W3C,
        "Your table for two is booked. Ask for Mister Lee at five five five, zero one zero zero.",
        set(),
    ),
    "Azure": (
        AZURE,
        "That was great fun! Were you the one? hello October 19, 2016 Guten Tag",
        {
            "voice@name",
            "mstts:express-as@style",
            "mstts:express-as@styledegree",
            "prosody@contour",
            "mstts:viseme",
            "mstts:viseme@type",
        },
    ),
    "Google": (
        GOOGLE,
        "Here are S S M L samples. I can pause . I can play a sound didn't get your MP3 file.",
        {"audio", "par", "media@begin", "google:style@name"},
    ),
    "Polly": (
        POLLY,
        "Mary had a little lamb whose fleece was white as snow. And everywhere it went, the lamb",
        {
            "amazon:effect@name",
            "amazon:auto-breaths",
            "amazon:auto-breaths@volume",
            "amazon:auto-breaths@frequency",
            "amazon:breath",
            "amazon:breath@duration",
            "w@role",
            "amazon:domain@name",
        },
    ),
}


@pytest.mark.parametrize(("document", "begin", "ignored"), SAMPLES.values(), ids=SAMPLES)
def test_the_sample_is_read(document, begin, ignored):
    utterance = parse(document)
    said = " ".join(" ".join(part.text for part in utterance.parts if hasattr(part, "text")).split())
    assert said.startswith(begin)
    assert set(utterance.ignored) == ignored


@pytest.mark.parametrize("document", [one[0] for one in SAMPLES.values()], ids=SAMPLES)
async def test_the_sample_is_spoken(document):
    found = await heard(document)
    assert found.seconds > 3
    assert all(found.words[i].start_s <= found.words[i + 1].start_s for i in range(len(found.words) - 1))
