using System.Text;

namespace DlmUpdater.Core.Scripts;

/// <summary>What <c>env</c> runs, by its arguments: as in <c>#!/usr/bin/env python3</c> and <c>#!/usr/bin/env -S PATH=/opt/bin python3 -u</c>.</summary>
/// <param name="Program">The program, as it is written there; null if <see cref="Fault"/> says why none can be named.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="SearchPath">Where a name without a slash is looked up; null: in the PATH that <c>env</c> itself is given.</param>
/// <param name="Fault">For a sentence: why what is run cannot be told.</param>
public sealed record EnvCommand(string? Program, IReadOnlyList<string> Arguments, string? SearchPath, string? Fault)
{
    /// <summary>Where the C library looks where there is no PATH.</summary>
    private const string WithoutPath = "/bin:/usr/bin";

    /// <summary>Stands for a variable that <c>-S</c> expands.</summary>
    private const char Expansion = '\uFFFF';

    /// <summary>Reads the arguments of <c>env</c>, in the order and by the rules of GNU env.</summary>
    public static EnvCommand Read(IReadOnlyList<string> arguments)
    {
        var words = new LinkedList<string>(arguments);
        string? path = null;
        while (words.First?.Value is { } word && word.Length > 1 && word[0] == '-' && word != "--")
        {
            words.RemoveFirst();
            if (word.StartsWith("--", StringComparison.Ordinal) ? TakeLong(word, words, ref path) : TakeShort(word[1..], words, ref path))
                continue;
            return new(null, [], null, $"the option {word} of env is not known here");
        }

        if (words.First?.Value == "-")
        {
            words.RemoveFirst();
            path = WithoutPath;
        }
        else if (words.First?.Value == "--")
        {
            words.RemoveFirst();
        }

        while (words.First?.Value is { } assignment && assignment.Contains('='))
        {
            words.RemoveFirst();
            if (assignment.StartsWith("PATH=", StringComparison.Ordinal))
                path = assignment["PATH=".Length..];
        }

        if (words.First?.Value is not { } program)
            return new(null, [], null, "env is given no program to run");
        words.RemoveFirst();
        return program.Contains(Expansion) || (path?.Contains(Expansion) ?? false)
            ? new(null, [], null, "which program env runs depends on a variable")
            : new(program, [.. words], path, null);
    }

    private static bool TakeLong(string word, LinkedList<string> words, ref string? path)
    {
        int equals = word.IndexOf('=');
        string name = equals < 0 ? word : word[..equals];
        string? value = equals < 0 ? null : word[(equals + 1)..];
        switch (name)
        {
            case "--ignore-environment":
                path = WithoutPath;
                return true;
            case "--unset":
                return TakeUnset(value ?? Next(words), ref path);
            case "--split-string":
                return TakeSplit(value ?? Next(words), words);
            case "--argv0":
                return (value ?? Next(words)) is not null;
            case "--null" or "--debug" or "--list-signal-handling" or "--default-signal" or "--ignore-signal" or "--block-signal":
                return true;

            // Another working directory: what a relative path means then is not looked into.
            default:
                return false;
        }
    }

    private static bool TakeShort(string letters, LinkedList<string> words, ref string? path)
    {
        for (int i = 0; i < letters.Length; i++)
        {
            string? value = i + 1 < letters.Length ? letters[(i + 1)..] : null;
            switch (letters[i])
            {
                case 'i':
                    path = WithoutPath;
                    break;
                case '0' or 'v':
                    break;
                case 'u':
                    return TakeUnset(value ?? Next(words), ref path);
                case 'S':
                    return TakeSplit(value ?? Next(words), words);
                case 'a':
                    return (value ?? Next(words)) is not null;
                default:
                    return false;
            }
        }

        return true;
    }

    private static bool TakeUnset(string? name, ref string? path)
    {
        if (name == "PATH")
            path = WithoutPath;
        return name is not null;
    }

    private static bool TakeSplit(string? text, LinkedList<string> words)
    {
        if (text is null || Split(text) is not { } split)
            return false;
        for (int i = split.Count - 1; i >= 0; i--)
            words.AddFirst(split[i]);
        return true;
    }

    private static string? Next(LinkedList<string> words)
    {
        string? next = words.First?.Value;
        if (next is not null)
            words.RemoveFirst();
        return next;
    }

    /// <summary>Splits as <c>env -S</c> does; null if a quote does not end or an escape is none.</summary>
    private static List<string>? Split(string text)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote == '\0' && (c is ' ' or (>= '\t' and <= '\r')))
            {
                Finish(words, ref word);
            }
            else if (quote == '\0' && c == '#' && word is null)
            {
                break;
            }
            else if (c is '\'' or '"' && (quote == '\0' || quote == c))
            {
                quote = quote == c ? '\0' : c;
                word ??= new();
            }
            else if (c == '\\' && ++i >= text.Length)
            {
                return null;
            }
            else if (c == '\\' && quote == '\0' && text[i] == '_')
            {
                Finish(words, ref word);
            }
            else if (c == '\\' && quote != '\'' && text[i] == 'c')
            {
                return quote == '\0' ? Finish(words, ref word) : null;
            }
            else if (c == '\\')
            {
                if (Unescaped(text[i], quote) is not { } plain)
                    return null;
                (word ??= new()).Append(plain);
            }
            else if (c == '$' && quote != '\'')
            {
                (word ??= new()).Append(Expansion);
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }

        return quote == '\0' ? Finish(words, ref word) : null;
    }

    private static List<string> Finish(List<string> words, ref StringBuilder? word)
    {
        if (word is not null)
            words.Add(word.ToString());
        word = null;
        return words;
    }

    private static string? Unescaped(char c, char quote) => c switch
    {
        '\\' or '\'' => c.ToString(),
        _ when quote == '\'' => "\\" + c,
        '"' or '#' or '$' => c.ToString(),
        '_' => " ",
        'f' => "\f",
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        'v' => "\v",
        _ => null,
    };
}
