using System.Collections.Immutable;
using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Configuration;

/// <summary>The <c>[band NAME]</c> sections: as many as an admin writes, each with the same keys.</summary>
internal sealed class BandReading(Findings findings)
{
    private const string Prefix = "band ";

    private readonly Dictionary<string, Written> _bands = [];

    /// <summary>True if there is no such section.</summary>
    internal bool IsEmpty => _bands.Count == 0;

    /// <summary>The keys of the section of the band <paramref name="name"/>, in the order of the manual.</summary>
    internal static SettingKey[] Keys(string name)
    {
        string section = Prefix + name;
        return
        [
            SettingKey.Of(section, "from", "", ValueForms.Number(Band.First, Band.Last), "The number of the first script.", (d, v) => d.Band.From = v),
            SettingKey.Of(section, "to", "", ValueForms.Number(Band.First, Band.Last), "The number of the last script.", (d, v) => d.Band.To = v),
            SettingKey.Of(section, "state", "", ValueForms.Choice(("down", BandState.Down), ("up", BandState.Up)),
                "What the services are while the scripts run.", (d, v) => d.Band.State = v),
            SettingKey.Of(section, "services", "", ValueForms.Services,
                "What is stopped or started before the scripts run, in this order.", (d, v) => d.Band.Services = v),
            SettingKey.Of(section, "ready", "", ValueForms.Proofs,
                "What must be so before the first script runs; with SERVICE= in front before the next service is started.", (d, v) => d.Band.Ready = v),
            SettingKey.Of(section, "ready_timeout", "5m", ValueForms.PositiveDuration,
                "How long each service may take to be ready, or to be down; then the upgrade stops.", (d, v) => d.Band.ReadyTimeout = v),
        ];
    }

    /// <summary>True if <paramref name="section"/> is one of a band; a name that cannot be one is complained of.</summary>
    internal bool Enter(string section, Place place)
    {
        if (!section.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return false;
        string name = section[Prefix.Length..].Trim();
        if (name.Length is 0 or > 64 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_'))
        {
            findings.Add(Severity.Error, place, $"[{Display.Plain(section)}]: a band is named with lower-case letters, digits, - and _: its scripts are in before-NAME.d and after-NAME.d");
            return true;
        }

        if (!_bands.ContainsKey(name))
            _bands.Add(name, new Written(place, new ConfiguredValues(findings), Keys(name)));
        return true;
    }

    /// <summary>Takes a key. False: this is no section of a band.</summary>
    internal bool Take(IniEntry entry, Place place)
    {
        if (!entry.Section.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return false;
        if (!_bands.TryGetValue(entry.Section[Prefix.Length..].Trim(), out Written? band))
            return true;
        if (Array.Find(band.Keys, k => k.Key.Equals(entry.Key, StringComparison.OrdinalIgnoreCase)) is { } key)
            band.Values.Set(key, entry.Value, place);
        else
            findings.AddUnknown(place, entry.Section, entry.Key!, "there is no such key, and it is not read: a band has " + string.Join(", ", band.Keys.Select(k => k.Key)));
        return true;
    }

    /// <summary>The bands by number: those that are written, or, as long as no other name is used, the three that every upgrade has, with what is written of them.</summary>
    internal ImmutableArray<Band> Assemble(Place mainFile)
    {
        if (_bands.Count == 0)
            return Band.Defaults;
        bool own = _bands.Keys.Any(name => Band.Defaults.All(b => b.Name != name));
        var bands = ImmutableArray.CreateBuilder<Band>();
        foreach (Band known in Band.Defaults)
        {
            if (_bands.TryGetValue(known.Name, out Written? written))
                bands.Add(One(known, written, isKnown: true));
            else if (!own)
                bands.Add(known);
        }

        foreach ((string name, Written written) in _bands)
        {
            if (Band.Defaults.All(b => b.Name != name))
                bands.Add(One(new Band(name, Band.First, Band.Last, BandState.Up), written, isKnown: false));
        }

        if (!findings.AnyError)
        {
            foreach (string fault in Band.Faults(bands))
                findings.Add(Severity.Error, mainFile, fault);
        }

        bands.Sort((a, b) => a.From.CompareTo(b.From));
        return bands.ToImmutable();
    }

    private static Band One(Band known, Written written, bool isKnown)
    {
        BandDraft draft = written.Values.Bind().Band;
        if (!isKnown)
        {
            foreach (SettingKey key in written.Keys.Where(k => k.Key is "from" or "to" or "state" && !written.Values.Has(k)))
                written.Values.Complain(key, written.Place, "is not set: a band of this name has no number and no state of its own");
        }

        Band band = known with
        {
            From = draft.From ?? known.From,
            To = draft.To ?? known.To,
            State = draft.State ?? known.State,
            Services = draft.Services,
            ReadyTimeout = draft.ReadyTimeout ?? known.ReadyTimeout,
        };
        if (draft.Ready.Length == 0)
            return band;
        SettingKey ready = written.Keys.Single(k => k.Key == "ready");
        if (band.State == BandState.Down)
            written.Values.Complain(ready, written.Place, "has no sense where the services are down");
        else if (Proof.Read(draft.Ready, band.Services, out ImmutableArray<Proof> proofs) is { } wrong)
            written.Values.Complain(ready, written.Place, wrong);
        else
            return band with { Ready = proofs };
        return band;
    }

    /// <summary>One section as written.</summary>
    private sealed record Written(Place Place, ConfiguredValues Values, SettingKey[] Keys);
}

/// <summary>The values of one band that were read so far.</summary>
internal sealed class BandDraft
{
    internal int? From { get; set; }

    internal int? To { get; set; }

    internal BandState? State { get; set; }

    internal ImmutableArray<string> Services { get; set; } = [];

    /// <summary>As written: it can only be read when the services are known.</summary>
    internal string Ready { get; set; } = "";

    internal TimeSpan? ReadyTimeout { get; set; }
}
