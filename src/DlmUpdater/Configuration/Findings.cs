namespace DlmUpdater.Configuration;

/// <summary>Where a value or a complaint comes from.</summary>
/// <param name="Layer">The number of the file, of the environment or of the flags: a higher one wins.</param>
/// <param name="Name">A path, <c>environment NAME</c>, or a flag.</param>
/// <param name="Line">The line from 1; 0 = none.</param>
internal readonly record struct Place(int Layer, string Name, int Line = 0)
{
    /// <summary>What the value is called there, in the configuration of another tool; or, for a value that stands nowhere, why it holds. Null: it is called as in
    /// the catalog.</summary>
    internal string? Origin { get; init; }

    /// <summary>True for a value that stands nowhere: an older tool had it so.</summary>
    internal bool IsImplied => Layer < 0;

    /// <summary><c>path:LINE</c>, or only the name.</summary>
    public override string ToString() => Line > 0 ? $"{Display.Plain(Name)}:{Line}" : Display.Plain(Name);
}

/// <summary>Collects complaints; they come out in the order of files and lines, however they were found.</summary>
internal sealed class Findings
{
    private readonly List<(Place Place, Complaint Complaint)> found = [];
    private readonly List<int> unknown = [];
    private readonly HashSet<(string Section, string Key)> wrong = [];

    /// <summary>True if something is wrong enough not to use the configuration.</summary>
    internal bool AnyError { get; private set; }

    /// <summary>True if a file or a line could not be read: what seems to be missing may stand there.</summary>
    internal bool AnyUnread { get; private set; }

    /// <summary>How many complaints there are.</summary>
    internal int Count => found.Count;

    /// <summary>A file or a line cannot be read.</summary>
    internal void AddUnread(Place place, string text)
    {
        AnyUnread = true;
        Add(Severity.Error, place, text);
    }

    /// <summary>A section, a key or a variable of our own that does not exist. How bad that is can be configured, perhaps further down.</summary>
    internal void AddUnknown(Place place, string text)
    {
        unknown.Add(found.Count);
        Add(Severity.NewRuns, place, text);
    }

    /// <summary>The same of a key.</summary>
    internal void AddUnknown(Place place, string section, string key, string text)
    {
        unknown.Add(found.Count);
        Add(Severity.NewRuns, place, section, key, text);
    }

    /// <summary><c>[main] unknown_keys = warn</c>: makes warnings of the names that do not exist.</summary>
    internal void ExcuseUnknown()
    {
        foreach (int i in unknown)
            found[i] = found[i] with { Complaint = found[i].Complaint with { Severity = Severity.Warning } };
    }

    /// <summary>Something is wrong with a file or a line.</summary>
    internal void Add(Severity severity, Place place, string text)
    {
        AnyError |= severity == Severity.Error;
        found.Add((place, new Complaint(severity, $"{place}: {text}")));
    }

    /// <summary>Something is wrong with a key or its value.</summary>
    internal void Add(Severity severity, Place place, string section, string key, string text)
    {
        if (severity == Severity.Error) wrong.Add((section, key));
        Add(severity, place, place is { Origin: { } origin, IsImplied: false } ? $"{Display.Plain(origin)}: {text}" : $"[{Display.Plain(section)}] {Display.Plain(key)}: {text}");
    }

    /// <summary>True if an error was found with that key, so that its value is not known.</summary>
    internal bool IsWrong(string section, string key) => wrong.Contains((section, key));

    /// <summary>Every complaint.</summary>
    internal Complaint[] InOrder()
    {
        var order = new int[found.Count];
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        Array.Sort(order, (a, b) =>
        {
            int by = found[a].Place.Layer.CompareTo(found[b].Place.Layer);
            by = by != 0 ? by : found[a].Place.Line.CompareTo(found[b].Place.Line);
            return by != 0 ? by : a.CompareTo(b);
        });
        return Array.ConvertAll(order, i => found[i].Complaint);
    }
}

/// <summary>Makes text of a file fit into one line of a log.</summary>
internal static class Display
{
    private const int Longest = 120;

    /// <summary>In quotes, cut and without control characters.</summary>
    internal static string Quote(string text) => text.Length <= Longest ? $"'{Plain(text)}'" : $"'{Plain(text[..Longest])}…'";

    /// <summary>In one line, without what steers a terminal.</summary>
    internal static string Plain(string text) => Core.Scripts.PlainText.Line(text);
}
