"""Words that only their company tells apart."""

from koe_g2p.senses import senses_of

from .vocabulary import VOCABULARY


def test_both_accents_have_all_senses_in_the_model_s_symbols():
    american, british = senses_of("american"), senses_of("british")
    assert list(american) == list(british)
    for table in (american, british):
        for senses in table.values():
            assert all(sense.phonemes and set(sense.phonemes) <= VOCABULARY for sense in senses)


def test_a_cue_counts_near_the_word_and_not_far_from_it():
    lead = senses_of("american")["lead"][0]
    near = "the pipe is made of lead".split()
    far = "the pipe that we saw in the town took the lead".split()
    assert lead.fits(near, "NN", 5)
    assert not lead.fits(far, "NN", 10)
    assert not lead.fits(near, "VB", 5)
