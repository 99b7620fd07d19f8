using System.Globalization;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>A lock in words and in JSON. The JSON field names are a contract.</summary>
internal static class LockReport
{
    /// <summary>What <c>lock show</c> says.</summary>
    internal static ShownText Text(LockIdentity identity, LockView view)
    {
        ShownText text = $"lock    {view.Name} at {identity.Service}, asked as {identity.Holder}\n";
        text.Append($"state   {(view.Enabled ? "enabled" : $"disabled: no host gets the lock{(view.Stop is { } stop ? $", because {stop}," : "")} until {view.Undo}")}, {view.Holders.Count} of {view.Slots} ")
            .Append($"slot{(view.Slots == 1 ? "" : "s")} taken\n");
        if (!view.Exists) text.Append($"        does not exist yet: it is made when it is first taken\n");
        foreach (LockHolder holder in view.Holders) text.Append($"holder  {Describe(holder)}\n");
        return text;
    }

    /// <summary>The fields of <c>lock show</c>.</summary>
    internal static void Write(Utf8JsonWriter json, LockIdentity identity, LockView view)
    {
        json.WriteString("service", identity.Service);
        json.WriteString("name", view.Name);
        json.WriteNumber("slots", view.Slots);
        WriteHolders(json, view);
        json.WriteBoolean("enabled", view.Enabled);
        json.WriteBoolean("held_by_us", view.HeldByUs);
        json.WriteBoolean("exists", view.Exists);
    }

    /// <summary>What <c>lock list</c> says.</summary>
    /// <param name="locks">All of them.</param>
    /// <param name="ours">The one that is configured here, which is marked.</param>
    internal static ShownText Table(IReadOnlyList<LockView> locks, string ours)
    {
        if (locks.Count == 0) return $"there is no lock yet: a lock is made when it is first taken\n";
        int width = Math.Max(4, locks.Max(l => l.Name.Length));
        ShownText text = $"  {"LOCK".PadRight(width)}  {"STATE",-8}  {"TAKEN",-7}  HOLDERS\n";
        foreach (LockView view in locks)
        {
            text.Append($"{(view.Name == ours ? "* " : "  ")}{view.Name.PadRight(width)}  {(view.Enabled ? "enabled" : "disabled"),-8}  {$"{view.Holders.Count} of {view.Slots}",-7}  ")
                .Append($"{(view.Holders.Count == 0 ? "-" : string.Join("; ", view.Holders.Select(Describe)))}\n");
        }

        return text;
    }

    /// <summary>The fields of <c>lock list</c>.</summary>
    internal static void Write(Utf8JsonWriter json, IReadOnlyList<LockView> locks)
    {
        json.WriteStartArray("locks");
        foreach (LockView view in locks)
        {
            json.WriteStartObject();
            json.WriteString("name", view.Name);
            json.WriteNumber("slots", view.Slots);
            WriteHolders(json, view);
            json.WriteBoolean("enabled", view.Enabled);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>What <c>lock events</c> says.</summary>
    internal static ShownText Table(EventsReply.Told told)
    {
        if (told.Events.Count == 0) return $"nothing is on record\n";
        ShownText text = $"{"WHEN",-20}  EVENT\n";
        foreach (LockEvent one in told.Events)
            text.Append($"{(one.When is { } when ? Time(when) : "-"),-20}  {one.What}{(one.Who is null ? "" : "  " + one.Who)}\n");
        if (told.Total > told.Events.Count) text.Append($"{told.Total - told.Events.Count} older ones are not shown\n");
        return text;
    }

    /// <summary>The fields of <c>lock events</c>.</summary>
    internal static void Write(Utf8JsonWriter json, EventsReply.Told told)
    {
        json.WriteNumber("total", told.Total);
        json.WriteStartArray("events");
        foreach (LockEvent one in told.Events)
        {
            json.WriteStartObject();
            json.WriteTime("when"u8, one.When);
            json.WriteString("event", one.What);
            json.WriteString("who", one.Who);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The holders, as every report shows them.</summary>
    internal static void WriteHolders(Utf8JsonWriter json, LockView view)
    {
        json.WriteStartArray("holders");
        foreach (LockHolder holder in view.Holders)
        {
            json.WriteStartObject();
            json.WriteString("id", holder.Id);
            json.WriteString("name", holder.Name);
            json.WriteTime("since"u8, holder.Since);
            json.WriteBoolean("is_us", holder.IsUs);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>How a lock stands, in half a line.</summary>
    internal static string Standing(LockView view) =>
        (view.HeldByUs ? "" : (view.Holders.Count < view.Slots ? "free" : "busy") + (view.Holders.Count == 0 ? "" : ", ")) +
        (view.Holders.Count == 0 ? "" : $"held by {string.Join(", ", view.Holders.Select(Describe))}") +
        (view.Slots == 1 ? "" : $", {view.Holders.Count} of {view.Slots} slots taken") +
        (view.Enabled ? "" : ", disabled");

    /// <summary>A holder, since when, and whether it is us.</summary>
    internal static string Describe(LockHolder holder) =>
        $"{holder}{(holder.IsUs ? ", this host" : "")}{(holder.Since is { } since ? ", since " + Time(since) : "")}";

    /// <summary>A time as every report writes it.</summary>
    internal static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
