using System.Text;

namespace DlmUpdater.Core.Scripts;

/// <summary>What the kernel would make of a file, by its first bytes.</summary>
public enum ScriptForm
{
    /// <summary>It begins with <c>#!</c>.</summary>
    Interpreted,

    /// <summary>It begins with an ELF header.</summary>
    Binary,

    /// <summary>It has no byte.</summary>
    Empty,

    /// <summary>Neither: the kernel refuses to run it.</summary>
    Other,
}

/// <summary>The first bytes of a script, understood.</summary>
/// <param name="Form">What it is.</param>
/// <param name="Interpreter">The path after <c>#!</c>, as written; null if there is none.</param>
/// <param name="Argument">What follows the interpreter, as one word, as the kernel passes it on; null if there is nothing.</param>
/// <param name="Lines">The first lines, for <see cref="ScriptHeader.Parse"/>; none for a binary.</param>
public sealed record ScriptHead(ScriptForm Form, string? Interpreter, string? Argument, IReadOnlyList<string> Lines)
{
    /// <summary>Reads the first bytes of a file.</summary>
    /// <param name="head">At most <see cref="ScriptHeader.MostBytes"/> are looked at.</param>
    /// <param name="whole">True if these are all bytes of the file; else its last line may be cut and is not looked at.</param>
    public static ScriptHead Parse(ReadOnlySpan<byte> head, bool whole)
    {
        if (head.Length > ScriptHeader.MostBytes)
        {
            head = head[..ScriptHeader.MostBytes];
            whole = false;
        }

        if (head.IsEmpty)
            return new(ScriptForm.Empty, null, null, []);
        if (head.StartsWith("\u007fELF"u8))
            return new(ScriptForm.Binary, null, null, []);
        if (!head.StartsWith("#!"u8))
            return new(ScriptForm.Other, null, null, []);

        IReadOnlyList<string> lines = Split(head, whole);
        (string? interpreter, string? argument) = Interpreting(head[2..]);
        return new(ScriptForm.Interpreted, interpreter, argument, lines);
    }

    private static List<string> Split(ReadOnlySpan<byte> head, bool whole)
    {
        var lines = new List<string>();
        while (!head.IsEmpty && lines.Count < ScriptHeader.MostLines)
        {
            int end = head.IndexOf((byte)'\n');
            if (end < 0 && !whole)
                break;
            lines.Add(Encoding.UTF8.GetString(end < 0 ? head : head[..end]));
            head = end < 0 ? [] : head[(end + 1)..];
        }

        return lines;
    }

    private static (string? Interpreter, string? Argument) Interpreting(ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)'\n');
        string line = Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]).Trim(' ', '\t');
        int blank = line.AsSpan().IndexOfAny(' ', '\t');
        string interpreter = blank < 0 ? line : line[..blank];
        string argument = blank < 0 ? "" : line[blank..].Trim(' ', '\t');
        return (interpreter.Length == 0 ? null : interpreter, argument.Length == 0 ? null : argument);
    }
}
