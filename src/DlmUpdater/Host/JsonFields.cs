using System.Text.Json;
using System.Text.Unicode;

namespace DlmUpdater.Host;

/// <summary>Reads the fields of a JSON object strictly. The first complaint is kept, and everything after it reads as a default, so
/// that a reader is one straight list of fields with one question at its end.</summary>
internal sealed class JsonFields
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>The first complaint, as a sentence part (<c>has no field "phase"</c>); null if all was well.</summary>
    internal string? Complaint { get; private set; }

    /// <summary>Parses one object; null and a complaint if it is not exactly that.</summary>
    internal JsonDocument? Parse(ReadOnlyMemory<byte> json)
    {
        // The parser lets bytes that are not UTF-8 pass and throws later, when the text is asked for.
        if (!Utf8.IsValid(json.Span))
        {
            Complain("is not UTF-8");
            return null;
        }
        try
        {
            var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
            Complain("is not a JSON object");
        }
        catch (JsonException e)
        {
            Complain($"is not valid JSON (byte {e.BytePositionInLine ?? 0} of line {(e.LineNumber ?? 0) + 1})");
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape, in the name of a field.
            Complain("has a field whose name is not text");
        }
        return null;
    }

    /// <summary>Adds a complaint; only the first one counts.</summary>
    internal void Complain(string what) => Complaint ??= what;

    /// <summary>A text that must be there and not be empty.</summary>
    internal string Text(JsonElement of, string name)
    {
        string? text = OptionalText(of, name);
        if (string.IsNullOrEmpty(text))
            Complain(Has(of, name) ? $"has an empty field \"{name}\"" : $"has no field \"{name}\"");
        return text ?? "";
    }

    /// <summary>A text, or null if the field is missing or null.</summary>
    internal string? OptionalText(JsonElement of, string name)
    {
        if (!Has(of, name))
            return null;
        JsonElement field = of.GetProperty(name);
        if (field.ValueKind == JsonValueKind.String)
        {
            try
            {
                return field.GetString();
            }
            catch (InvalidOperationException)
            {
                // Half of a surrogate pair, written as an escape.
            }
        }
        Wrong(name, "a text");
        return null;
    }

    /// <summary>A whole number that must be there and lie in the range.</summary>
    internal long Number(JsonElement of, string name, long least, long most)
    {
        if (!Require(of, name, out JsonElement field))
            return least;
        if (field.ValueKind == JsonValueKind.Number && field.TryGetInt64(out long number) && number >= least && number <= most)
            return number;
        Wrong(name, $"a whole number from {least} to {most}");
        return least;
    }

    /// <summary>True or false, which must be there.</summary>
    internal bool Flag(JsonElement of, string name)
    {
        if (!Require(of, name, out JsonElement field))
            return false;
        if (field.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Wrong(name, "true or false");
        return field.ValueKind == JsonValueKind.True;
    }

    /// <summary>True or false; false if the field is missing or null.</summary>
    internal bool OptionalFlag(JsonElement of, string name) => Has(of, name) && Flag(of, name);

    /// <summary>A time that must be there.</summary>
    internal DateTimeOffset Time(JsonElement of, string name) =>
        Require(of, name, out _) ? OptionalTime(of, name) ?? default : default;

    /// <summary>A time, or null if the field is missing or null.</summary>
    internal DateTimeOffset? OptionalTime(JsonElement of, string name)
    {
        if (!Has(of, name))
            return null;
        JsonElement field = of.GetProperty(name);
        if (field.ValueKind == JsonValueKind.String && field.TryGetDateTimeOffset(out DateTimeOffset time))
            return time;
        Wrong(name, "a time such as 2026-01-31T23:59:59Z");
        return null;
    }

    /// <summary>A length of time in seconds that must be there.</summary>
    internal TimeSpan Seconds(JsonElement of, string name)
    {
        if (!Require(of, name, out JsonElement field))
            return default;
        if (field.ValueKind == JsonValueKind.Number && field.TryGetDecimal(out decimal seconds)
            && Math.Abs(seconds) <= TimeSpan.MaxValue.Ticks / (decimal)TimeSpan.TicksPerSecond)
        {
            return new TimeSpan((long)(seconds * TimeSpan.TicksPerSecond));
        }
        Wrong(name, "a number of seconds");
        return default;
    }

    /// <summary>An object that must be there; an undefined element and a complaint else.</summary>
    internal JsonElement Object(JsonElement of, string name) =>
        Require(of, name, out _) ? OptionalObject(of, name) ?? default : default;

    /// <summary>An object, or null if the field is missing or null.</summary>
    internal JsonElement? OptionalObject(JsonElement of, string name)
    {
        if (!Has(of, name))
            return null;
        JsonElement field = of.GetProperty(name);
        if (field.ValueKind == JsonValueKind.Object)
            return field;
        Wrong(name, "an object");
        return null;
    }

    /// <summary>The objects of an array that must be there.</summary>
    internal IEnumerable<JsonElement> Objects(JsonElement of, string name)
    {
        if (!Require(of, name, out JsonElement field))
            yield break;
        if (field.ValueKind != JsonValueKind.Array)
        {
            Wrong(name, "an array");
            yield break;
        }
        foreach (JsonElement item in field.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.Object)
                yield return item;
            else
                Wrong(name, "an array of objects");
        }
    }

    /// <summary>Seconds exact to the tick, as <see cref="Seconds"/> reads them.</summary>
    internal static decimal ToSeconds(TimeSpan time) => time.Ticks / (decimal)TimeSpan.TicksPerSecond;

    private static bool Has(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement field) && field.ValueKind != JsonValueKind.Null;

    private bool Require(JsonElement of, string name, out JsonElement field)
    {
        field = Has(of, name) ? of.GetProperty(name) : default;
        if (field.ValueKind == JsonValueKind.Undefined)
            Complain($"has no field \"{name}\"");
        return field.ValueKind != JsonValueKind.Undefined;
    }

    private void Wrong(string name, string wanted) => Complain($"has a field \"{name}\" that is not {wanted}");
}
